-- What operators do. Each act and its audit entry (desk/<tenant>) are one transaction. Called as convo_desk.
-- What an operator typed is the body of that entry, encrypted under the tenant's key, and stands nowhere else: rows point to it.

-- For the acts below; app.tenant or app.every is set. Returns the entry's number in desk/<tenant>.
create function desk_audit_v1(
  p_tenant int, p_what text, p_by text, p_more jsonb, p_now timestamptz, p_entry uuid default null, p_typed bytea default null
) returns bigint language plpgsql volatile as $$
declare
  v_n bigint;
begin
  if coalesce(btrim(p_by), '') = '' then
    raise exception 'an act needs somebody who does it' using errcode = '22023';
  end if;
  perform audit_append_v1(p_tenant, 'desk/' || p_tenant, coalesce(p_entry, gen_random_uuid()), p_now,
                          jsonb_build_object('what', p_what, 'by', p_by) || jsonb_strip_nulls(p_more),
                          coalesce(p_typed, ''::bytea));
  select s.n into strict v_n from audit_stream s where s.tenant_id = p_tenant and s.stream = 'desk/' || p_tenant;
  return v_n;
end $$;

-- ---- stop and start -------------------------------------------------------------------------------------------------

-- Stops sending, for one tenant or (null) for all, and returns what is on its way at this moment. A kill never loosens a
-- stronger one. A request to enable that stood open is void: it was for another epoch. The reason comes once per tenant,
-- under each one's key; a tenant made this instant is stopped all the same, without it.
create function kill_v1(
  p_tenant int, p_scope text, p_by text, p_tenants int[], p_entries uuid[], p_reasons bytea[], p_now timestamptz
) returns text language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_scope text;
  v_tenant int;
  v_n bigint;
begin
  perform set_config('app.every', 'on', true);
  if p_tenant is null then
    update platform p
       set kill_scope = case when p.kill_scope = 'everything' then p.kill_scope else p_scope end, kill_epoch = p.kill_epoch + 1,
           killed_by = p_by, killed_at = p_now
    returning p.kill_scope into v_scope;
  else
    update tenant t
       set kill_scope = case when t.kill_scope = 'everything' then t.kill_scope else p_scope end, kill_epoch = t.kill_epoch + 1,
           killed_by = p_by, killed_at = p_now
     where t.tenant_id = p_tenant
    returning t.kill_scope into v_scope;
  end if;
  for v_tenant in select t.tenant_id from tenant t where t.tenant_id = coalesce(p_tenant, t.tenant_id) order by t.tenant_id loop
    v_n := desk_audit_v1(v_tenant, 'killed', p_by, jsonb_build_object('scope', v_scope, 'all', p_tenant is null), p_now,
                         p_entries[array_position(p_tenants, v_tenant)], p_reasons[array_position(p_tenants, v_tenant)]);
    update tenant t set kill_n = case when p_tenant is null then t.kill_n else v_n end,
                        all_kill_n = case when p_tenant is null then v_n else t.all_kill_n end
     where t.tenant_id = v_tenant;
    insert into event (tenant_id, id, at, kind, data)
    values (v_tenant, gen_random_uuid(), p_now, 'alert', jsonb_build_object('kind', 'kill', 'scope', v_scope));
  end loop;
  perform set_config('app.every', '', true);
  return v_scope;
end $$;

-- Calls that have begun, or may begin until their sender has read the new epoch. Under a machine kill people may go on.
create function in_flight_v1(p_tenant int, p_human boolean)
returns table (tenant_id int, id uuid, conversation_id uuid, channel text, send_class text, sending_at timestamptz, lease_until timestamptz)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  return query
    select o.tenant_id, o.id, o.conversation_id, o.channel, o.send_class, o.sending_at, o.lease_until from outbox o
     where o.state = 'sending' and (p_tenant is null or o.tenant_id = p_tenant) and (p_human or o.send_class <> 'human')
     order by o.sending_at, o.id;
  perform set_config('app.every', '', true);
end $$;

-- One person, however they type their name: blanks, capitals and compatible characters make nobody a second person, nor
-- does the login the command line puts beside the name, as in `Ada Example (login ada@host)`.
create function person_v1(p_by text) returns text language sql immutable parallel safe as $$
  select lower(btrim(regexp_replace(regexp_replace(normalize(p_by, NFKC), '\(login [^()]*\)', ' ', 'gi'), '\s+', ' ', 'g')))
$$;

-- The first person asks, the second confirms: `waiting`, then `enabled`. The first asking again is still the first.
create function enable_v1(p_tenant int, p_by text, p_now timestamptz) returns text
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_scope text;
  v_epoch bigint;
  r kill_request;
  v_tenant int;
  v_what text;
begin
  perform set_config('app.every', 'on', true);
  if p_tenant is null then
    select p.kill_scope, p.kill_epoch into v_scope, v_epoch from platform p for no key update;
  else
    select t.kill_scope, t.kill_epoch into v_scope, v_epoch from tenant t where t.tenant_id = p_tenant for no key update;
  end if;
  if v_scope is distinct from 'none' then
    select * into r from kill_request k
     where k.tenant_id is not distinct from p_tenant and k.confirmed_at is null and k.kill_epoch = v_epoch;
    v_what := case when r.id is null or person_v1(r.requested_by) = person_v1(p_by) then 'waiting' else 'enabled' end;
    if r.id is null then
      insert into kill_request (id, tenant_id, requested_by, requested_at, kill_epoch)
      values (gen_random_uuid(), p_tenant, p_by, p_now, v_epoch);
    elsif v_what = 'enabled' then
      update kill_request k set confirmed_by = p_by, confirmed_at = p_now where k.id = r.id;
      if p_tenant is null then
        update platform p set kill_scope = 'none', kill_epoch = p.kill_epoch + 1;
      else
        update tenant t set kill_scope = 'none', kill_epoch = t.kill_epoch + 1 where t.tenant_id = p_tenant;
      end if;
      update outbox o set due_at = p_now
       where o.state = 'pending' and o.kill_waited and o.due_at > p_now and (p_tenant is null or o.tenant_id = p_tenant);
    end if;
    for v_tenant in select t.tenant_id from tenant t where t.tenant_id = coalesce(p_tenant, t.tenant_id) order by t.tenant_id loop
      perform desk_audit_v1(v_tenant, case v_what when 'enabled' then 'enabled' else 'asked to enable' end, p_by,
        jsonb_build_object('scope', v_scope, 'all', p_tenant is null, 'asked_by', r.requested_by), p_now);
    end loop;
  end if;
  perform set_config('app.every', '', true);
  return coalesce(v_what, 'enabled');
end $$;

create function withdraw_v1(
  p_tenant int, p_claim_digest text, p_by text, p_entry uuid, p_reason bytea, p_now timestamptz
) returns void language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_n bigint;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  v_n := desk_audit_v1(p_tenant, 'claim withdrawn', p_by, jsonb_build_object('claim', p_claim_digest), p_now, p_entry, p_reason);
  insert into claim_withdrawal (tenant_id, claim_digest, withdrawn_by, withdrawn_at, entry_n)
  values (p_tenant, p_claim_digest, p_by, p_now, v_n) on conflict do nothing;
end $$;

-- ---- what is stuck --------------------------------------------------------------------------------------------------

-- Try again. dead_letter: its messages become unprocessed, and no later ones. outbox: the row goes back to the last look, under the same key;
-- for an `unknown` row that is a person's decision to risk a second delivery, and it is recorded as that.
create function replay_v1(p_tenant int, p_kind text, p_item uuid, p_by text, p_now timestamptz) returns boolean
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  d dead_letter;
  o outbox;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  if p_kind = 'dead_letter' then
    select * into d from dead_letter x where x.tenant_id = p_tenant and x.id = p_item;
    perform from conversation_queue q where q.tenant_id = p_tenant and q.conversation_id = d.conversation_id for no key update;
    update dead_letter x set state = 'replayed', settled_by = p_by, settled_at = p_now
     where x.tenant_id = p_tenant and x.id = p_item and x.state = 'open' returning * into d;
    if not found then
      return false;
    end if;
    update conversation_queue q
       set fence = q.fence + 1, owner = null, attempts = 0, ready_at = p_now
     where q.tenant_id = p_tenant and q.conversation_id = d.conversation_id;
    perform turn_undo_v1(p_tenant, d.conversation_id, d.from_seq, d.upto_seq);
    perform desk_audit_v1(p_tenant, 'dead letter replayed', p_by,
      jsonb_build_object('item', p_item, 'conversation', d.conversation_id, 'from', d.from_seq, 'upto', d.upto_seq), p_now);
    return true;
  end if;
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_item
     and x.state in ('unknown', 'failed', 'dead') and x.discarded_at is null for no key update;
  if p_kind <> 'outbox' or not found then
    return false;
  end if;
  update outbox x
     set state = 'pending', due_at = p_now, attempts = 0, settled_at = null, owner = null, lease_until = null, sending_at = null,
         status = null, status_at = null, error_code = null
   where x.tenant_id = p_tenant and x.id = p_item;
  perform desk_audit_v1(p_tenant, case o.state when 'unknown' then 'unknown send repeated' else 'send tried again' end, p_by,
    jsonb_build_object('item', p_item, 'conversation', o.conversation_id, 'was', o.state), p_now);
  return true;
end $$;

create function discard_v1(
  p_tenant int, p_kind text, p_item uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamptz
) returns boolean language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_conversation uuid;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  case p_kind
    when 'dead_letter' then
      update dead_letter x set state = 'discarded', settled_by = p_by, settled_at = p_now
       where x.tenant_id = p_tenant and x.id = p_item and x.state = 'open' returning x.conversation_id into v_conversation;
    when 'outbox' then
      update outbox x set discarded_at = p_now, discarded_by = p_by
       where x.tenant_id = p_tenant and x.id = p_item and x.state in ('unknown', 'failed', 'dead') and x.discarded_at is null
      returning x.conversation_id into v_conversation;
    when 'reject' then
      update ingest_reject x set state = 'discarded', settled_by = p_by, settled_at = p_now
       where x.tenant_id = p_tenant and x.id = p_item and x.state = 'open';
    else
      return false;
  end case;
  if not found then
    return false;
  end if;
  perform desk_audit_v1(p_tenant, 'discarded', p_by,
    jsonb_build_object('kind', p_kind, 'item', p_item, 'conversation', v_conversation), p_now, p_entry, p_reason);
  return true;
end $$;

create function stuck_v1(p_tenant int)
returns table (tenant_id int, kind text, id uuid, conversation_id uuid, state text, reason text, attempts int, at timestamptz)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  return query
    select s.* from (
      select d.tenant_id, 'dead_letter', d.id, d.conversation_id, d.state, d.error, d.attempts, d.at
        from dead_letter d where d.state = 'open'
      union all
      select o.tenant_id, 'outbox', o.id, o.conversation_id, o.state, o.decided_rule, o.attempts::int, coalesce(o.settled_at, o.created_at)
        from outbox o where o.state in ('unknown', 'failed', 'dead') and o.discarded_at is null
      union all
      select r.tenant_id, 'reject', r.id, null::uuid, r.state, r.error, 1, r.received_at
        from ingest_reject r where r.state = 'open') s (tenant_id, kind, id, conversation_id, state, reason, attempts, at)
     where p_tenant is null or s.tenant_id = p_tenant
     order by s.at, s.id;
  perform set_config('app.every', '', true);
end $$;

-- ---- people and conversations ---------------------------------------------------------------------------------------

-- From here on the bot is silent; what it had waiting is dropped by the last look.
create function take_over_v1(
  p_tenant int, p_conversation uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamptz
) returns boolean language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_before text;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  -- The lock the last look waits for: a look that began before us is over, one that begins later sees the owner.
  perform from conversation_queue q where q.tenant_id = p_tenant and q.conversation_id = p_conversation for no key update;
  select c.human_owner into v_before from conversation c where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  update conversation c set human_owner = p_by, human_since = p_now
   where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  if not found then
    return false;
  end if;
  perform desk_audit_v1(p_tenant, 'taken over', p_by,
    jsonb_build_object('conversation', p_conversation, 'from', v_before), p_now, p_entry, p_reason);
  return true;
end $$;

create function hand_back_v1(
  p_tenant int, p_conversation uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamptz
) returns boolean language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  update conversation_queue q set ready_at = coalesce(q.ready_at, case when q.last_seq > q.done_seq then p_now end)
   where q.tenant_id = p_tenant and q.conversation_id = p_conversation;
  update conversation c set human_owner = null, human_since = null, mode = 'bot'
   where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  if not found then
    return false;
  end if;
  perform desk_audit_v1(p_tenant, 'handed back', p_by,
    jsonb_build_object('conversation', p_conversation), p_now, p_entry, p_reason);
  return true;
end $$;

create function lift_hold_v1(
  p_tenant int, p_contact uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamptz
) returns int language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_categories text[];
begin
  perform set_config('app.tenant', p_tenant::text, true);
  update contact c set ver = c.ver + 1 where c.tenant_id = p_tenant and c.contact_id = p_contact;
  with lifted as (
    update hold h set cleared_at = p_now, cleared_by = p_by
     where h.tenant_id = p_tenant and h.contact_id = p_contact and h.cleared_at is null returning h.category)
  select array_agg(l.category order by l.category) into v_categories from lifted l;
  if v_categories is null then
    return 0;
  end if;
  perform desk_audit_v1(p_tenant, 'hold lifted', p_by,
    jsonb_build_object('contact', p_contact, 'categories', v_categories), p_now, p_entry, p_reason);
  return cardinality(v_categories);
end $$;

create function close_case_v1(
  p_tenant int, p_case uuid, p_by text, p_entry uuid, p_note bytea, p_now timestamptz
) returns boolean language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  f case_file;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  update case_file x set state = 'closed', closed_at = p_now, closed_by = p_by
   where x.tenant_id = p_tenant and x.id = p_case and x.state = 'open' returning * into f;
  if not found then
    return false;
  end if;
  update case_file x set closed_n = desk_audit_v1(p_tenant, 'case closed', p_by,
      jsonb_build_object('case', p_case, 'ref', f.ref, 'conversation', f.conversation_id, 'contact', f.contact_id), p_now,
      p_entry, p_note)
   where x.tenant_id = p_tenant and x.id = p_case;
  return true;
end $$;

-- ---- why ------------------------------------------------------------------------------------------------------------

-- Everything behind one of our messages, found by its id, its key or the HMAC of the provider's id. The words are ciphertext,
-- and so are the reasons of withdrawals (`entry` and, in hex, `typed`).
create function why_v1(p_tenant int, p_id uuid, p_key text, p_provider_hmac bytea)
returns table (id uuid, contact_id uuid, wrapped_key bytea, body bytea, bundle text, doc jsonb)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  o outbox;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select * into o from outbox x
   where x.tenant_id = p_tenant and (x.id = p_id or x.key = p_key or x.provider_hmac = p_provider_hmac) limit 1;
  if not found then
    return;
  end if;
  return query
    select o.id, o.contact_id, c.wrapped_key, o.body, o.bundle, jsonb_build_object(
      'message', jsonb_build_object('id', o.id, 'conversation', o.conversation_id, 'channel', o.channel, 'connection', o.connection_id,
        'class', o.send_class, 'state', o.state, 'author', o.author, 'campaign', o.campaign, 'template', o.template,
        'answers', o.answers_seq, 'status', o.status, 'bundle', o.bundle),
      'clock', jsonb_build_object('composed', o.created_at, 'due', o.due_at, 'decided', o.decided_at, 'sending', o.sending_at,
        'settled', o.settled_at, 'status', o.status_at),
      'decisions', coalesce((select jsonb_agg(jsonb_build_object('at', d.at, 'effect', d.effect, 'rule', d.rule, 'row', d.row_no,
          'until', d.until, 'contact_ver', d.contact_ver) || d.facts order by d.at, d.id)
        from outbox_decision d where d.tenant_id = p_tenant and d.outbox_id = o.id), '[]'),
      'turn', (select jsonb_build_object('disposition', t.disposition, 'from', t.from_seq, 'upto', t.upto_seq, 'bundle', t.bundle,
          'pinned', t.pinned, 'fence', t.fence, 'at', t.at)
        from turn t where t.tenant_id = p_tenant and t.conversation_id = o.conversation_id and t.upto_seq = o.upto_seq),
      'consent', coalesce((select jsonb_agg(jsonb_build_object('kind', e.kind, 'channel', e.channel, 'purpose', e.purpose,
          'basis', e.basis, 'sender', e.sender, 'source', e.source, 'wording', e.wording_digest, 'at', e.at) order by e.at)
        from consent_event e where e.tenant_id = p_tenant and e.contact_id = o.contact_id), '[]'),
      'opted_out_at', c.opted_out_at,
      'withdrawn', coalesce((select jsonb_agg(jsonb_build_object('claim', w.claim_digest, 'by', w.withdrawn_by, 'at', w.withdrawn_at,
          'entry', a.id, 'typed', encode(a.body, 'hex')) order by w.withdrawn_at, w.claim_digest)
        from claim_withdrawal w
        left join audit a on a.tenant_id = w.tenant_id and a.stream = 'desk/' || p_tenant and a.n = w.entry_n where w.tenant_id = p_tenant and w.claim_digest = any (o.claim_digests)), '[]'),
      'audit', coalesce((select jsonb_agg(jsonb_build_object('stream', a.stream, 'n', a.n, 'hash', encode(a.hash, 'hex')) order by a.n)
        from audit a where a.tenant_id = p_tenant and a.stream = 'send/' || o.conversation_id
         and a.header ->> 'outbox' = o.id::text), '[]'))
    from contact c where c.tenant_id = p_tenant and c.contact_id = o.contact_id;
end $$;

grant execute on function
  kill_v1(int, text, text, int[], uuid[], bytea[], timestamptz),
  in_flight_v1(int, boolean),
  enable_v1(int, text, timestamptz),
  withdraw_v1(int, text, text, uuid, bytea, timestamptz),
  replay_v1(int, text, uuid, text, timestamptz),
  discard_v1(int, text, uuid, text, uuid, bytea, timestamptz),
  stuck_v1(int),
  take_over_v1(int, uuid, text, uuid, bytea, timestamptz),
  hand_back_v1(int, uuid, text, uuid, bytea, timestamptz),
  lift_hold_v1(int, uuid, text, uuid, bytea, timestamptz),
  close_case_v1(int, uuid, text, uuid, bytea, timestamptz),
  why_v1(int, uuid, text, bytea)
to convo_desk;
