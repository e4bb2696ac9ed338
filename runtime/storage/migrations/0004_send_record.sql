-- Around the call: which row is next, what became of it, and messages that no turn made.

-- Whether an earlier row of the conversation goes first.
create function send_blocked_v1(p_row outbox) returns boolean language sql stable as $$
  select exists (
    select from outbox e
     where e.tenant_id = p_row.tenant_id and e.conversation_id = p_row.conversation_id and e.n < p_row.n
       and e.state in ('pending', 'sending') and send_rank_v1(e.send_class) <= send_rank_v1(p_row.send_class))
$$;

-- Rows that may be looked at now: each tenant that has any gets a slice, and what is left over goes to whatever waits
-- longest. Tenants are met in turn, a bounded number a call, from p_after on. The last row has no id: its tenant is where
-- the next call goes on, also when everybody met has nothing due before tomorrow.
create function send_due_v1(p_limit int, p_after int, p_now timestamptz)
returns table (tenant_id int, id uuid) language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  c_visits constant int := 64;
  v_tenant int := p_after;
  v_wrapped boolean := false;
  v_due_at timestamptz;
  v_found int[] := '{}';
begin
  perform set_config('app.every', 'on', true);
  for i in 1..c_visits loop
    select o.tenant_id, o.due_at into v_tenant, v_due_at from outbox o
     where o.state = 'pending' and o.tenant_id > v_tenant order by o.tenant_id, o.due_at limit 1;
    if not found then
      exit when v_wrapped;
      v_wrapped := true;
      v_tenant := 0;
      continue;
    end if;
    exit when v_wrapped and v_tenant > p_after;
    if v_due_at <= p_now then
      v_found := v_found || v_tenant;
      exit when cardinality(v_found) >= p_limit;
    end if;
  end loop;
  return query
    with slice as (
      select s.tenant_id, s.id, t.turn, s.due_at from unnest(v_found) with ordinality t (tenant_id, turn)
       cross join lateral (
         select o.tenant_id, o.id, o.due_at from outbox o
          where o.tenant_id = t.tenant_id and o.state = 'pending' and o.due_at <= p_now and not send_blocked_v1(o)
          order by o.due_at, o.id limit ceil(p_limit::numeric / greatest(1, cardinality(v_found)))::int) s
    ), longest as (
      select o.tenant_id, o.id, o.due_at from outbox o
       where o.state = 'pending' and o.due_at <= p_now and not send_blocked_v1(o)
       order by o.due_at, o.id limit p_limit
    ), chosen as (
      select s.tenant_id, s.id, 0 as part, s.turn, s.due_at from slice s
      union all
      select l.tenant_id, l.id, 1, 0, l.due_at from longest l where l.id not in (select s.id from slice s)
    )
    select c.tenant_id, c.id from chosen c order by c.part, c.due_at, c.turn, c.id limit p_limit;
  perform set_config('app.every', '', true);
  return query select coalesce(v_tenant, 0), null::uuid;
end $$;

-- What was taken for a send that did not happen goes back.
create function send_refund_v1(p_tenant int, p_outbox uuid) returns void language plpgsql volatile as $$
declare
  o outbox;
begin
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox;
  if o.cost_micropence > 0 then
    update spend_shard s set spent_micropence = s.spent_micropence - o.cost_micropence
     where s.tenant_id = p_tenant and s.day = o.cost_day and s.shard = (hashtext(o.contact_id::text) & 15)::smallint;
    update spend_contact s set spent_micropence = s.spent_micropence - o.cost_micropence
     where s.tenant_id = p_tenant and s.day = o.cost_day and s.contact_id = o.contact_id;
    update outbox x set cost_micropence = 0 where x.tenant_id = p_tenant and x.id = p_outbox;
  end if;
end $$;

create function send_put_back_v1(p_tenant int, p_outbox uuid, p_owner text, p_now timestamptz) returns boolean
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  o outbox;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  update outbox x
     set state = 'pending', due_at = p_now, owner = null, lease_until = null, sending_at = null, attempts = x.attempts - 1
   where x.tenant_id = p_tenant and x.id = p_outbox and x.state = 'sending' and x.owner = p_owner
  returning * into o;
  if not found then
    return false;
  end if;
  perform send_refund_v1(p_tenant, p_outbox);
  perform audit_append_v1(p_tenant, 'send/' || o.conversation_id, gen_random_uuid(), p_now,
    jsonb_build_object('what', 'put_back', 'outbox', p_outbox), ''::bytea);
  return true;
end $$;

-- The person has been shown these claims: the provider has the message. What may have left counts only once a status says so.
create function send_shown_v1(p_tenant int, p_outbox uuid, p_now timestamptz) returns void language sql volatile as $$
  insert into shown as s (tenant_id, contact_id, claim_id, claim_digest, conversation_id, outbox_id, shown_at)
  select o.tenant_id, o.contact_id, c.claim_id, max(c.claim_digest), o.conversation_id, o.id, p_now
    from outbox o cross join lateral unnest(o.claims, o.claim_digests) as c (claim_id, claim_digest)
   where o.tenant_id = p_tenant and o.id = p_outbox and c.claim_id is not null
   group by o.tenant_id, o.contact_id, c.claim_id, o.conversation_id, o.id
  on conflict (tenant_id, contact_id, claim_id) do update
    set claim_digest = excluded.claim_digest, conversation_id = excluded.conversation_id, outbox_id = excluded.outbox_id,
        shown_at = excluded.shown_at
    where s.shown_at <= excluded.shown_at
$$;

-- The rest of an answer whose earlier part did not arrive for certain: what it leans on (who is speaking, the words that go
-- before a link) may never have been read, so it does not go, and a human sees that. Safety words always go.
create function send_stop_rest_v1(p_tenant int, p_outbox uuid, p_now timestamptz) returns void
language plpgsql volatile as $$
declare
  o outbox;
  r outbox;
begin
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox;
  for r in
    update outbox x
       set state = 'superseded', settled_at = p_now, decided_effect = 'case', decided_rule = 'R-PART-1', decided_row = null,
           decided_at = p_now
     where x.tenant_id = p_tenant and x.conversation_id = o.conversation_id and x.upto_seq = o.upto_seq and x.n > o.n
       and x.state = 'pending' and x.send_class in ('reply', 'service')
    returning x.*
  loop
    perform send_case_v1(p_tenant, o.conversation_id, o.contact_id, 'not_sent', 'R-PART-1', 1, false, p_now);
    insert into outbox_decision (tenant_id, id, outbox_id, at, effect, rule, contact_ver, facts)
    select p_tenant, gen_random_uuid(), r.id, p_now, 'case', 'R-PART-1', c.ver,
           jsonb_build_object('facts', array['earlier_part'], 'flags', '{}'::text[], 'notes', '{}'::text[], 'after', p_outbox)
      from contact c where c.tenant_id = p_tenant and c.contact_id = r.contact_id;
    perform audit_append_v1(p_tenant, 'send/' || o.conversation_id, gen_random_uuid(), p_now,
      jsonb_build_object('what', 'decision', 'outbox', r.id, 'class', r.send_class, 'effect', 'case', 'rule', 'R-PART-1',
                         'row', null, 'facts', array['earlier_part'], 'after', p_outbox, 'claims', r.claim_digests), ''::bytea);
  end loop;
end $$;

-- Who answered (p_result: accepted, refused, unknown). Null when the row is no longer this owner's.
create function send_record_v1(
  p_tenant int, p_outbox uuid, p_owner text, p_result text, p_provider_id bytea, p_provider_hmac bytea, p_code int,
  p_detail text, p_retry boolean, p_retry_after_s double precision, p_person_stopped boolean, p_now timestamptz
) returns text language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  o outbox;
  v_state text;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox;
  perform from contact c where c.tenant_id = p_tenant and c.contact_id = o.contact_id for no key update;
  select * into o from outbox x
   where x.tenant_id = p_tenant and x.id = p_outbox and x.state = 'sending' and x.owner = p_owner for no key update;
  if not found then
    return null;
  end if;
  -- A status webhook may have been quicker than the answer: then the provider has it, whatever the answer was.
  v_state := case
    when p_result = 'accepted' or o.status in ('sent', 'delivered', 'read') then 'sent'
    when p_result = 'unknown' and o.status = 'failed' then 'failed'
    when p_result = 'unknown' then 'unknown'
    when p_person_stopped then 'failed'
    when p_retry and o.attempts < 8 then 'pending'
    else 'failed' end;
  update outbox x
     set state = v_state, owner = null, lease_until = null,
         settled_at = case when v_state = 'pending' then null else p_now end,
         sending_at = case when v_state in ('sent', 'unknown') then x.sending_at end,
         due_at = case when v_state = 'pending' then p_now + make_interval(
           secs => greatest(coalesce(p_retry_after_s, 0), least(3600, 2 ^ x.attempts * (0.75 + random() / 2)))) else x.due_at end,
         provider_id = coalesce(p_provider_id, x.provider_id), provider_hmac = coalesce(p_provider_hmac, x.provider_hmac),
         error_code = coalesce(p_code, x.error_code)
   where x.tenant_id = p_tenant and x.id = p_outbox;
  if v_state in ('sent', 'unknown') then
    perform send_sent_v1(p_tenant, p_outbox, p_now);
  else
    perform send_refund_v1(p_tenant, p_outbox);
  end if;
  if v_state in ('unknown', 'failed') and not p_person_stopped then
    perform send_stop_rest_v1(p_tenant, p_outbox, p_now);
  end if;
  if p_person_stopped then
    perform suppress_v1(p_tenant, o.contact_id, 'tenant', 'provider', p_now);
  end if;
  if v_state = 'failed' and not p_person_stopped and o.send_class <> 'proactive' then
    perform send_case_v1(p_tenant, o.conversation_id, o.contact_id, 'send_failed', coalesce(p_detail, p_code::text, 'provider'),
      case when o.send_class = 'safety' then 0 else 1 end, o.send_class = 'safety', p_now);
  end if;
  -- Nothing leaves by this connection until somebody has looked.
  if p_detail in ('key', 'account') then
    perform send_case_v1(p_tenant, null, o.contact_id, 'connection_down', o.connection_id, 0, true, p_now);
  end if;
  perform audit_append_v1(p_tenant, 'send/' || o.conversation_id, gen_random_uuid(), p_now,
    jsonb_build_object('what', 'receipt', 'outbox', p_outbox, 'result', p_result, 'state', v_state, 'code', p_code,
                       'detail', p_detail, 'stopped', p_person_stopped), coalesce(p_provider_hmac, ''::bytea));
  return v_state;
end $$;

-- What follows from a message having left, or maybe having left.
create function send_sent_v1(p_tenant int, p_outbox uuid, p_now timestamptz) returns void language plpgsql volatile as $$
declare
  o outbox;
begin
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox;
  if o.state = 'sent' then
    perform send_shown_v1(p_tenant, p_outbox, p_now);
  end if;
  if o.asks is not null then
    update conversation x set asked = o.asks where x.tenant_id = p_tenant and x.conversation_id = o.conversation_id;
  end if;
  if o.send_class = 'proactive' then
    update contact c
       set last_proactive_at = greatest(c.last_proactive_at, o.sending_at), ver = c.ver + 1,
           strikes = (select count(*) from outbox x
                       where x.tenant_id = p_tenant and x.contact_id = o.contact_id and x.send_class = 'proactive'
                         and x.state in ('sent', 'unknown') and x.sending_at > coalesce((
                           select max(q.last_inbound_at) from conversation v join conversation_queue q using (tenant_id, conversation_id)
                            where v.tenant_id = p_tenant and v.contact_id = o.contact_id), '-infinity'))
     where c.tenant_id = p_tenant and c.contact_id = o.contact_id;
  end if;
end $$;

-- Sends whose sender did not come back. Where the provider drops a second call with the same key they are tried again;
-- elsewhere they are `unknown`: the provider may have them, and nobody sends them twice.
create function send_sweep_v1(p_deduplicating text[], p_now timestamptz) returns int
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  r record;
  v_state text;
  v_status text;
  v_shown boolean; -- on a visitor's page since it is being sent: that cannot be taken back
  v_count int := 0;
begin
  perform set_config('app.every', 'on', true);
  for r in
    select x.tenant_id, x.id, x.conversation_id, x.contact_id, x.channel, x.send_class from outbox x
     where x.state = 'sending' and x.lease_until <= p_now
     order by x.tenant_id, x.contact_id, x.id limit 500
  loop
    perform from contact c where c.tenant_id = r.tenant_id and c.contact_id = r.contact_id for no key update;
    select x.status, x.position is not null into v_status, v_shown from outbox x
     where x.tenant_id = r.tenant_id and x.id = r.id and x.state = 'sending' and x.lease_until <= p_now for no key update;
    continue when not found;  -- settled while we waited
    v_state := case when v_shown or v_status in ('sent', 'delivered', 'read') then 'sent'
                    when v_status = 'failed' then 'failed'
                    when r.channel = any (p_deduplicating) then 'pending' else 'unknown' end;
    update outbox x
       set state = v_state, owner = null, lease_until = null,
           due_at = case when v_state = 'pending' then p_now else x.due_at end,
           settled_at = case when v_state = 'pending' then null else p_now end
     where x.tenant_id = r.tenant_id and x.id = r.id;
    if v_state in ('sent', 'unknown') then
      perform send_sent_v1(r.tenant_id, r.id, p_now);
    else
      perform send_refund_v1(r.tenant_id, r.id);
    end if;
    if v_state in ('unknown', 'failed') then
      perform send_stop_rest_v1(r.tenant_id, r.id, p_now);
    end if;
    if v_state = 'failed' and r.send_class <> 'proactive' then
      perform send_case_v1(r.tenant_id, r.conversation_id, r.contact_id, 'send_failed', 'provider',
        case when r.send_class = 'safety' then 0 else 1 end, r.send_class = 'safety', p_now);
    end if;
    perform audit_append_v1(r.tenant_id, 'send/' || r.conversation_id, gen_random_uuid(), p_now,
      jsonb_build_object('what', 'swept', 'outbox', r.id, 'state', v_state), ''::bytea);
    v_count := v_count + 1;
  end loop;
  -- A look that read the switch just before it was lifted defers its row just after: `enable` cannot have seen that row.
  update outbox x set due_at = p_now
    from tenant t cross join platform p
   where x.state = 'pending' and x.kill_waited and x.due_at > p_now and x.decided_effect in ('defer', 'pause')
     and x.decided_rule in ('R-KILL-1', 'R-KILL-2')
     and t.tenant_id = x.tenant_id and t.kill_scope = 'none' and p.kill_scope = 'none';
  perform set_config('app.every', '', true);
  return v_count;
end $$;

create function send_connection_v1(p_tenant int, p_outbox uuid) returns table (connection_id text, digest text)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
    select o.connection_id, (select b.digest from bundle_pointer b
                              where b.tenant_id = p_tenant and b.stage = x.stage order by b.serial desc limit 1)
      from outbox o join connection x on x.tenant_id = o.tenant_id and x.id = o.connection_id
     where o.tenant_id = p_tenant and o.id = p_outbox;
end $$;

-- ---- what we start --------------------------------------------------------------------------------------------------

-- The keys that what concerns this person is encrypted under, found by the person or by one of their rows. Nothing when they
-- are unknown or erased.
create function send_recipient_v1(p_tenant int, p_contact uuid, p_outbox uuid)
returns table (contact_id uuid, wrapped_key bytea, language text)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
    select c.contact_id, c.wrapped_key, c.language
      from contact c
     where c.tenant_id = p_tenant and c.wrapped_key is not null
       and c.contact_id = coalesce(p_contact, (select o.contact_id from outbox o where o.tenant_id = p_tenant and o.id = p_outbox));
end $$;

-- One message that no turn made: ours to start (campaign, timer) or an agent's. The last look decides whether it goes; here
-- only what can never go is refused. Returns the row's id, or null when the person is unknown, erased or (if we start) opted out.
create function send_queue_v1(
  p_tenant int, p_id uuid, p_contact uuid, p_conversation uuid, p_connection text, p_class text, p_part smallint, p_body bytea,
  p_claims text[], p_claim_digests text[], p_has_link boolean, p_has_ask boolean, p_asks text, p_answers_seq bigint,
  p_template text, p_campaign text, p_author text, p_due_at timestamptz, p_audit jsonb, p_now timestamptz
) returns uuid language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_connection connection;
  v_conversation uuid;
  v_digest text;
  v_n bigint;
  v_upto bigint;
  v_purpose text;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select * into v_connection from connection x where x.tenant_id = p_tenant and x.id = p_connection;
  select b.digest into v_digest from bundle_pointer b
   where b.tenant_id = p_tenant and b.stage = v_connection.stage order by b.serial desc limit 1;
  if v_digest is null then
    return null;
  end if;
  if p_campaign is not null then
    select k ->> 'purpose' into v_purpose
      from bundle b, jsonb_array_elements(convert_from(b.data, 'UTF8')::jsonb -> 'campaigns') k
     where b.tenant_id = p_tenant and b.digest = v_digest and k ->> 'id' = p_campaign;
    if v_purpose is null then
      return null;
    end if;
  end if;
  select x.conversation_id into v_conversation from conversation x
   where x.tenant_id = p_tenant and x.contact_id = p_contact and x.connection_id = p_connection;
  if v_conversation is null and exists (select from contact c where c.tenant_id = p_tenant and c.contact_id = p_contact) then
    insert into conversation (tenant_id, conversation_id, contact_id, connection_id, channel, created_at)
    values (p_tenant, p_conversation, p_contact, p_connection, v_connection.channel, p_now)
    on conflict (tenant_id, contact_id, connection_id) do nothing;
    insert into conversation_queue (tenant_id, conversation_id)
    select x.tenant_id, x.conversation_id from conversation x
     where x.tenant_id = p_tenant and x.contact_id = p_contact and x.connection_id = p_connection
    on conflict do nothing;
    select x.conversation_id into v_conversation from conversation x
     where x.tenant_id = p_tenant and x.contact_id = p_contact and x.connection_id = p_connection;
  end if;
  update conversation_queue q set out_n = q.out_n + 1
   where q.tenant_id = p_tenant and q.conversation_id = v_conversation returning q.out_n, q.last_seq into v_n, v_upto;
  perform from contact c where c.tenant_id = p_tenant and c.contact_id = p_contact and c.wrapped_key is not null for no key update;
  if not found or v_n is null or (p_class in ('proactive', 'service') and exists (
       select from contact c where c.tenant_id = p_tenant and c.contact_id = p_contact and c.opted_out_at is not null)) then
    return null;
  end if;
  insert into outbox (tenant_id, id, conversation_id, contact_id, connection_id, channel, n, key, part, send_class, due_at, body,
                      claims, claim_digests, has_link, has_ask, asks, answers_seq, template, campaign, purpose, bundle, author, created_at)
  values (p_tenant, p_id, v_conversation, p_contact, p_connection, v_connection.channel, v_n, p_id::text, p_part, p_class,
          coalesce(p_due_at, p_now), p_body, p_claims, p_claim_digests, p_has_link, p_has_ask, p_asks,
          p_answers_seq, p_template, p_campaign, v_purpose, v_digest, p_author, p_now);
  perform audit_append_v1(p_tenant, 'send/' || v_conversation, gen_random_uuid(), p_now,
    jsonb_build_object('what', 'queued', 'outbox', p_id, 'class', p_class, 'campaign', p_campaign, 'author', p_author,
                       'bundle', v_digest, 'claims', p_claim_digests) || p_audit, sha256(p_body));
  return p_id;
end $$;

-- The web-chat page asked for lines: it is open. Written at most every 15 seconds; what waited for opening hours may go now.
create function page_seen_v1(p_tenant int, p_conversation uuid, p_now timestamptz) returns void
language plpgsql volatile as $$
begin
  update conversation x set page_seen_at = p_now
   where x.tenant_id = p_tenant and x.conversation_id = p_conversation
     and (x.page_seen_at is null or x.page_seen_at < p_now - interval '15 seconds');
  if found then
    update outbox x set due_at = p_now
     where x.tenant_id = p_tenant and x.conversation_id = p_conversation and x.state = 'pending' and x.channel = 'webchat'
       and x.due_at > p_now and x.decided_effect = 'defer' and not x.kill_waited;
  end if;
end $$;

-- ---- who may call what ----------------------------------------------------------------------------------------------

grant execute on function send_due_v1(int, int, timestamptz), send_sweep_v1(text[], timestamptz), kill_now_v1(int) to convo_dispatch;
grant execute on function
  kill_now_v1(int),
  last_look_v1(int, uuid, text, double precision, timestamptz),
  send_put_back_v1(int, uuid, text, timestamptz),
  send_record_v1(int, uuid, text, text, bytea, bytea, int, text, boolean, double precision, boolean, timestamptz),
  send_connection_v1(int, uuid),
  send_recipient_v1(int, uuid, uuid),
  send_queue_v1(int, uuid, uuid, uuid, text, text, smallint, bytea, text[], text[], boolean, boolean, text, bigint, text, text, text,
                timestamptz, jsonb, timestamptz)
to convo_tenant;
grant execute on function
  kill_now_v1(int),
  send_recipient_v1(int, uuid, uuid),
  send_queue_v1(int, uuid, uuid, uuid, text, text, smallint, bytea, text[], text[], boolean, boolean, text, bigint, text, text, text,
                timestamptz, jsonb, timestamptz)
to convo_desk;
