-- Several quick messages are one turn: a conversation waits a moment for the next message, unless something cannot wait.

alter table conversation_queue
  add column burst_at timestamptz,      -- when the first message of the burst under way came in
  add column quiet_until timestamptz,   -- no turn begins before: another message is likely
  add column typing_until timestamptz,  -- nor before this: a person at the desk is writing to them
  add column urgent_seq bigint not null default 0; -- the last message that waits for neither: a stop, danger, a hand-off word

-- ingest_v1, and how long a turn may wait for the next message: p_wait_ms after this one, p_most_s after the first.
-- `ready_at` stays what it is, so that a waiting conversation is never forgotten; only claim_v2 looks at the wait. What is
-- urgent is counted by number: a message that waits cannot hide one that does not.
-- `operator` in p_what: one of our people wrote from the phone itself. Its payload is the body of the outbox row p_id.
create function ingest_v2(
  p_tenant int[], p_connection text[], p_channel text[], p_what text[],
  p_received_at timestamptz[], p_sent_at timestamptz[], p_sent_on date[], p_provider_hmac bytea[],
  p_id uuid[], p_kind text[], p_payload bytea[], p_stop_scope text[], p_stop_matched text[],
  p_contact uuid[], p_wrapped_key bytea[], p_conversation uuid[], p_audit_id uuid[],
  p_identity uuid[], p_identity_kind text[], p_identity_ciphertext bytea[],
  p_blind bytea[], p_suppression_blind bytea[], p_organisation_blind bytea[],
  p_wait_ms int[], p_urgent boolean[],
  p_alias_of int[], p_alias_identity uuid[], p_alias_kind text[], p_alias_ciphertext bytea[],
  p_alias_blind bytea[], p_alias_suppression_blind bytea[], p_alias_organisation_blind bytea[],
  p_most_s double precision
) returns table (n int, outcome text, conversation_id uuid, seq bigint, contact_id uuid, wrapped_key bytea)
language plpgsql security definer set search_path = public, pg_temp
set lock_timeout = '500ms'
as $$
#variable_conflict use_column
declare
  r record;
  v_at timestamptz;
begin
  -- A function of this kind has run to its end when its first row comes: what it set is unset again, its locks are ours.
  for r in
    select * from ingest_v1(
      p_tenant, p_connection, p_channel, p_what, p_received_at, p_sent_at, p_sent_on, p_provider_hmac, p_id, p_kind, p_payload,
      p_stop_scope, p_stop_matched, p_contact, p_wrapped_key, p_conversation, p_audit_id, p_identity, p_identity_kind,
      p_identity_ciphertext, p_blind, p_suppression_blind, p_organisation_blind, p_alias_of, p_alias_identity, p_alias_kind,
      p_alias_ciphertext, p_alias_blind, p_alias_suppression_blind, p_alias_organisation_blind)
  loop
    perform set_config('app.every', 'on', true);
    v_at := p_received_at[r.n];
    if r.outcome = 'stored' and p_what[r.n] = 'message' and (p_urgent[r.n] or p_wait_ms[r.n] > 0) then
      update conversation_queue q
      set burst_at = b.at,
          quiet_until = case when p_wait_ms[r.n] > 0 then least(v_at + make_interval(secs => p_wait_ms[r.n] / 1000.0),
                                                                b.at + make_interval(secs => p_most_s)) else q.quiet_until end,
          urgent_seq = case when p_urgent[r.n] then r.seq else q.urgent_seq end
      from (select case when x.owner is null and r.seq - 1 > x.done_seq then coalesce(x.burst_at, v_at) else v_at end as at
            from conversation_queue x
            where x.tenant_id = p_tenant[r.n] and x.conversation_id = r.conversation_id) b
      where q.tenant_id = p_tenant[r.n] and q.conversation_id = r.conversation_id;
    elsif r.outcome = 'stored' and p_what[r.n] = 'operator' then
      perform operator_said_v1(p_tenant[r.n], r.conversation_id, p_contact[r.n], p_connection[r.n], p_channel[r.n], p_id[r.n],
                               p_payload[r.n], p_provider_hmac[r.n], least(p_sent_at[r.n], v_at), v_at);
    end if;
    n := r.n; outcome := r.outcome; conversation_id := r.conversation_id; seq := r.seq; contact_id := r.contact_id;
    wrapped_key := r.wrapped_key;
    return next;
  end loop;
  perform set_config('app.every', '', true);
end $$;

-- One of our people wrote from the phone: their line stands in the conversation, and they own it from now on. The caller's
-- transaction holds app.every and the queue row. An echo of what we sent ourselves is nobody's taking over.
create function operator_said_v1(
  p_tenant int, p_conversation uuid, p_contact uuid, p_connection text, p_channel text, p_id uuid, p_body bytea,
  p_provider_hmac bytea, p_said_at timestamptz, p_now timestamptz
) returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_n bigint;
  v_upto bigint;
  v_owner text;
begin
  if exists (select from outbox o where o.tenant_id = p_tenant and o.provider_hmac = p_provider_hmac) then
    return;
  end if;
  update conversation_queue q set out_n = q.out_n + 1, typing_until = null
  where q.tenant_id = p_tenant and q.conversation_id = p_conversation returning q.out_n, q.last_seq into v_n, v_upto;
  insert into outbox (tenant_id, id, conversation_id, contact_id, connection_id, channel, n, key, part, send_class, state, due_at,
                      body, claims, claim_digests, has_link, has_ask, answers_seq, bundle, author, provider_hmac, status,
                      status_at, created_at, sending_at, settled_at)
  values (p_tenant, p_id, p_conversation, p_contact, p_connection, p_channel, v_n, p_id::text, 0, 'human', 'sent', p_now, p_body,
          '{}', '{}', false, false, nullif(v_upto, 0), coalesce((
            select b.digest from bundle_pointer b join connection x on x.tenant_id = b.tenant_id and x.stage = b.stage
            where b.tenant_id = p_tenant and x.id = p_connection order by b.serial desc limit 1), ''),
          'the phone', p_provider_hmac, 'sent', p_said_at, p_now, p_said_at, p_now);
  select c.human_owner into v_owner from conversation c where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  if v_owner is null then
    update conversation c set human_owner = 'the phone', human_since = p_now
    where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  end if;
  perform audit_append_v1(p_tenant, 'send/' || p_conversation, gen_random_uuid(), p_now,
    jsonb_build_object('what', 'written from the phone', 'outbox', p_id, 'class', 'human', 'author', 'the phone',
                       'taken_over', v_owner is null), sha256(p_body));
end $$;

-- claim_v1, without conversations that wait for the next message or for somebody who is writing at the desk.
create function claim_v2(p_owner text, p_limit int, p_lease_s double precision, p_now timestamptz)
returns table (tenant_id int, conversation_id uuid, fence bigint, attempts int, until timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_tenants int[];
  v_got int := 0;
begin
  perform set_config('app.every', 'on', true);
  until := p_now + make_interval(secs => p_lease_s);
  -- A tenant that another worker is serving this instant is skipped; the top-up below still reaches it.
  select array_agg(w.tenant_id order by w.tenant_id) into v_tenants
  from (
    select t.tenant_id from tenant_turn t
    where exists (select from conversation_queue q where q.tenant_id = t.tenant_id and q.ready_at <= p_now and queue_free_v1(q, p_now))
    order by t.turn_at, t.tenant_id limit p_limit
    for no key update of t skip locked
  ) w;
  if v_tenants is not null then
    update tenant_turn t set turn_at = greatest(p_now, t.turn_at + interval '1 microsecond')
    where t.tenant_id = any (v_tenants);
    return query
    with chosen as materialized (
      select ready.tenant_id, ready.conversation_id
      from unnest(v_tenants) as w (tenant_id)
      cross join lateral (
        select q.tenant_id, q.conversation_id from conversation_queue q
        where q.tenant_id = w.tenant_id and q.ready_at <= p_now and queue_free_v1(q, p_now)
        order by q.ready_at
        limit ceil(p_limit::numeric / cardinality(v_tenants))::int
        for no key update skip locked
      ) ready
      limit p_limit
    )
    update conversation_queue q
    set fence = q.fence + 1, attempts = least(q.attempts + 1, 1000), owner = p_owner, ready_at = claim_v2.until,
        leased_seq = q.last_seq
    from chosen c
    where q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
    returning q.tenant_id, q.conversation_id, q.fence, q.attempts::int, claim_v2.until;
    get diagnostics v_got = row_count;
  end if;
  if v_got < p_limit then
    return query
    with chosen as materialized (
      select q.tenant_id, q.conversation_id from conversation_queue q
      where q.ready_at <= p_now and queue_free_v1(q, p_now)
      order by q.ready_at limit p_limit - v_got
      for no key update skip locked
    )
    update conversation_queue q
    set fence = q.fence + 1, attempts = least(q.attempts + 1, 1000), owner = p_owner, ready_at = claim_v2.until,
        leased_seq = q.last_seq
    from chosen c
    where q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
    returning q.tenant_id, q.conversation_id, q.fence, q.attempts::int, claim_v2.until;
  end if;
  perform set_config('app.every', '', true);
end $$;

-- Whether a turn may begin now: no next message is awaited and nobody at the desk is writing, or something cannot wait.
create function queue_free_v1(q conversation_queue, p_now timestamptz) returns boolean
language sql immutable parallel safe as $$
  select q.urgent_seq > q.done_seq or (greatest(q.quiet_until, q.typing_until) <= p_now) is not false
$$;

-- As before, but what is sent back because the person wrote on does not count towards the limit: however often they write
-- while an answer is on its way, they get one answer to all of it, and no human is asked to write it. Each time the turn
-- begins a little later, so that somebody who keeps writing is not answered into each pause.
create or replace function send_redo_v1(p_tenant int, p_outbox uuid, p_rule text, p_row int, p_now timestamptz) returns boolean
language plpgsql volatile as $$
declare
  c_newer constant text := 'R-TURN-1';
  o outbox;
  v_from bigint;
  v_upto bigint;
  v_before int;
begin
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox;
  select max(x.upto_seq) into v_upto from outbox x
   where x.tenant_id = p_tenant and x.conversation_id = o.conversation_id and x.state = 'pending'
     and (x.id = o.id or (x.upto_seq >= o.upto_seq and x.send_class in ('reply', 'service')));
  select count(distinct x.created_at) into v_before from outbox x
   where x.tenant_id = p_tenant and x.conversation_id = o.conversation_id and x.decided_effect = 'redo'
     and x.state = 'superseded' and x.settled_at > p_now - interval '10 minutes'
     and (x.decided_rule = c_newer) = (p_rule = c_newer);
  select min(t.from_seq) into v_from
    from turn t
   where t.tenant_id = p_tenant and t.conversation_id = o.conversation_id and t.upto_seq between o.upto_seq and v_upto;
  if v_from is null or (p_rule <> c_newer and v_before >= 5) then
    return false;
  end if;
  update outbox x
     set state = 'superseded', settled_at = p_now, decided_effect = 'redo', decided_rule = p_rule, decided_row = p_row,
         decided_at = p_now
   where x.tenant_id = p_tenant and x.conversation_id = o.conversation_id and x.state = 'pending'
     and (x.id = o.id or (x.upto_seq >= o.upto_seq and x.send_class in ('reply', 'service')));
  -- Each time in a row a little later: a claim that one process still says and another has withdrawn must not spin.
  perform turn_undo_v1(p_tenant, o.conversation_id, v_from, v_upto);
  update conversation_queue q
     set fence = q.fence + 1, owner = null, attempts = 0,
         ready_at = p_now + make_interval(secs => least(v_before, 4))
   where q.tenant_id = p_tenant and q.conversation_id = o.conversation_id;
  return true;
end $$;

grant execute on function claim_v2(text, int, double precision, timestamptz) to convo_dispatch;
grant execute on function
  ingest_v2(int[], text[], text[], text[], timestamptz[], timestamptz[], date[], bytea[], uuid[], text[], bytea[], text[],
            text[], uuid[], bytea[], uuid[], uuid[], uuid[], text[], bytea[], bytea[], bytea[], bytea[], int[], boolean[], int[], uuid[], text[], bytea[], bytea[], bytea[], bytea[], double precision)
to convo_ingest;
