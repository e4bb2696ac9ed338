-- People we know before they write (an import, a form with consent), and the gauges that say how much waits.

-- Records that a person agreed, making the contact if they are new. Returns who they are, or null when they were erased.
-- What is encrypted here belongs to the identity row, which only a new contact gets: another's key is never needed.
create function consent_record_v1(
  p_tenant int, p_contact uuid, p_wrapped_key bytea, p_language text, p_identity uuid, p_kind text, p_ciphertext bytea,
  p_blind bytea, p_suppression_blind bytea, p_organisation_blind bytea, p_event uuid, p_channel text, p_purpose text,
  p_basis text, p_sender text, p_source text, p_at timestamptz, p_audit uuid, p_now timestamptz
) returns uuid language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_contact uuid;
begin
  perform set_config('app.every', 'on', true);  -- the organisation's suppression list spans tenants
  select i.contact_id into v_contact from identity i where i.tenant_id = p_tenant and i.blind = p_blind;
  if v_contact is null then
    insert into contact (tenant_id, contact_id, wrapped_key, language, created_at)
    values (p_tenant, p_contact, p_wrapped_key, p_language, p_now);
    insert into identity (tenant_id, blind, suppression_blind, organisation_blind, identity_id, contact_id, kind, ciphertext, created_at)
    values (p_tenant, p_blind, p_suppression_blind, p_organisation_blind, p_identity, p_contact, p_kind, p_ciphertext, p_now)
    on conflict do nothing;
    if not found then  -- another transaction met them first
      delete from contact c where c.tenant_id = p_tenant and c.contact_id = p_contact;
      select i.contact_id into strict v_contact from identity i where i.tenant_id = p_tenant and i.blind = p_blind;
    else
      v_contact := p_contact;
    end if;
  end if;
  -- A fact about the person: it raises their version, under their lock, in this transaction.
  update contact c set ver = c.ver + 1 where c.tenant_id = p_tenant and c.contact_id = v_contact and c.wrapped_key is not null;
  if not found then
    return null;
  end if;
  insert into consent_event (tenant_id, id, contact_id, kind, channel, purpose, basis, sender, source, at, recorded_at)
  values (p_tenant, p_event, v_contact, 'granted', p_channel, p_purpose, p_basis, p_sender, p_source, p_at, p_now);
  perform audit_append_v1(p_tenant, 'desk/' || p_tenant, p_audit, p_now,
    jsonb_build_object('what', 'consent', 'contact', v_contact, 'event', p_event, 'channel', p_channel, 'purpose', p_purpose,
                       'basis', p_basis, 'source', p_source), ''::bytea);
  perform set_config('app.every', '', true);
  return v_contact;
end $$;

-- How much waits and since when, over all tenants: no content, no tenant.
create function queue_gauges_v1(p_now timestamptz) returns table (queue text, depth bigint, oldest_s double precision)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  return query
    select 'turns', count(*), coalesce(extract(epoch from p_now - min(q.ready_at)), 0)::double precision
      from conversation_queue q where q.ready_at <= p_now and q.owner is null
    union all
    select 'sends', count(*), coalesce(extract(epoch from p_now - min(o.due_at)), 0)::double precision
      from outbox o where o.state = 'pending' and o.due_at <= p_now
    union all
    select 'unknown', count(*), coalesce(extract(epoch from p_now - min(o.settled_at)), 0)::double precision
      from outbox o where o.state = 'unknown'
    union all
    select 'dead', count(*), coalesce(extract(epoch from p_now - min(d.at)), 0)::double precision
      from dead_letter d where d.state = 'open';
  perform set_config('app.every', '', true);
end $$;

-- What each process held when it was last heard of, for `convo status`.
create function bundle_held_v1(p_tenant int, p_stage text)
returns table (process text, digest text, wanted text, error text, seen_at timestamptz)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query select s.process, s.digest, s.wanted, s.error, s.seen_at from bundle_seen s
                where s.tenant_id = p_tenant and s.stage = p_stage order by s.process;
end $$;

grant execute on function consent_record_v1(
  int, uuid, bytea, text, uuid, text, bytea, bytea, bytea, bytea, uuid, text, text, text, text, text, timestamptz, uuid, timestamptz
) to convo_tenant;
grant execute on function queue_gauges_v1(timestamptz) to convo_dispatch;
grant execute on function bundle_held_v1(int, text) to convo_desk;
