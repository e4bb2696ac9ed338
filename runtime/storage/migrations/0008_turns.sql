-- What the worker does: claim a conversation, load everything once, commit whole or not at all, fail with a back-off.

-- Lease ready conversations, fairly over tenants and without leaving a slot empty: every waiting tenant gets a slice, whoever
-- was served longest ago first, and what is left goes to whatever waits longest. A lease that ran out is ready like any other.
create function claim_v1(p_owner text, p_limit int, p_lease_s double precision, p_now timestamptz)
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
    where exists (select from conversation_queue q where q.tenant_id = t.tenant_id and q.ready_at <= p_now)
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
        where q.tenant_id = w.tenant_id and q.ready_at <= p_now
        order by q.ready_at
        limit ceil(p_limit::numeric / cardinality(v_tenants))::int
        for no key update skip locked
      ) ready
      limit p_limit
    )
    update conversation_queue q
    set fence = q.fence + 1, attempts = least(q.attempts + 1, 1000), owner = p_owner, ready_at = claim_v1.until,
        leased_seq = q.last_seq
    from chosen c
    where q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
    returning q.tenant_id, q.conversation_id, q.fence, q.attempts::int, claim_v1.until;
    get diagnostics v_got = row_count;
  end if;
  if v_got < p_limit then
    return query
    with chosen as materialized (
      select q.tenant_id, q.conversation_id from conversation_queue q
      where q.ready_at <= p_now
      order by q.ready_at limit p_limit - v_got
      for no key update skip locked
    )
    update conversation_queue q
    set fence = q.fence + 1, attempts = least(q.attempts + 1, 1000), owner = p_owner, ready_at = claim_v1.until,
        leased_seq = q.last_seq
    from chosen c
    where q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
    returning q.tenant_id, q.conversation_id, q.fence, q.attempts::int, claim_v1.until;
  end if;
  perform set_config('app.every', '', true);
end $$;

-- The bundle a conversation began with, until the person was away for a day or it is a week old; null: pin anew.
create function pinned_v1(p_tenant int, p_conversation uuid) returns text
language sql stable set search_path = public, pg_temp as $$
  select c.pinned
  from conversation c
  join conversation_queue q on q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
  join inbox x on x.tenant_id = q.tenant_id and x.conversation_id = q.conversation_id and x.seq = q.done_seq + 1
  where c.tenant_id = p_tenant and c.conversation_id = p_conversation
    and x.received_at - c.last_turn_at <= interval '24 hours' and x.received_at - c.pinned_at <= interval '7 days'
$$;

create function pin_v1(p_tenant int, p_conversation uuid)
returns table (pinned text, connection_id text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  select pinned_v1(p_tenant, p_conversation), c.connection_id from conversation c
  where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
end $$;

-- Under which key a conversation's words stand.
create function conversation_key_v1(p_tenant int, p_conversation uuid) returns table (contact_id uuid, wrapped_key bytea, language text)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  select k.contact_id, k.wrapped_key, k.language from conversation c
  join contact k on k.tenant_id = c.tenant_id and k.contact_id = c.contact_id
  where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
end $$;

-- The reference of the first case a turn over the messages after p_from would open: known before the turn, so that a reply
-- can name it, and the same when the turn is done again.
create function case_ref_v1(p_conversation uuid, p_from bigint) returns text
language sql immutable parallel safe as $$
  select 'C-' || upper(substr(h, 1, 6)) || '-' || upper(substr(h, 7, 6))
  from encode(sha256(convert_to(p_conversation || ':' || p_from, 'UTF8')), 'hex') h
$$;

-- Where a conversation stands once everything up to p_done is answered, some of what lies above it being answered already.
create function queue_done_v1(p_done bigint, p_answered int8multirange, out done bigint, out answered int8multirange)
language sql immutable parallel safe as $$
  select d.done, nullif(p_answered - int8multirange(int8range(null, d.done + 1)), '{}'::int8multirange)
  from (select coalesce(max(upper(r) - 1), p_done) as done from unnest(p_answered) r where r @> p_done + 1) d
$$;

-- The messages in (p_from, p_upto] are to be answered again: they become unprocessed, no others do, and what their turns
-- counted is taken back. The caller has locked the queue row.
create function turn_undo_v1(p_tenant int, p_conversation uuid, p_from bigint, p_upto bigint) returns void
language plpgsql as $$
begin
  update conversation_queue q
  set answered = nullif(coalesce(q.answered, '{}')
                        + int8multirange(int8range(least(p_from, q.done_seq) + 1, q.done_seq + 1))
                        - int8multirange(int8range(p_from + 1, p_upto + 1)), '{}'),
      done_seq = least(q.done_seq, p_from)
  where q.tenant_id = p_tenant and q.conversation_id = p_conversation;
  update signal_count s set n = greatest(0, s.n - u.n)
  from (select c.key, sum(c.value::int) as n from turn t, jsonb_each_text(t.counts) c
        where t.tenant_id = p_tenant and t.conversation_id = p_conversation and t.upto_seq > p_from and t.upto_seq <= p_upto
        group by c.key) u
  where s.tenant_id = p_tenant and s.conversation_id = p_conversation and s.category = u.key;
  update turn t set counts = '{}'
  where t.tenant_id = p_tenant and t.conversation_id = p_conversation and t.upto_seq > p_from and t.upto_seq <= p_upto
    and t.counts <> '{}';
end $$;

-- Everything one turn needs, in one round trip: a `head` row, and any number of rows of the other kinds. Empty when the fence
-- has moved on or nothing is pending.
create function load_v1(p_tenant int, p_conversation uuid, p_fence bigint, p_pending int, p_lines int)
returns table (what text, id uuid, n bigint, at timestamptz, at2 timestamptz, name text, data bytea, doc jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  q record;
  c record;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select x.done_seq, x.last_seq, coalesce(x.answered, '{}') as answered into q from conversation_queue x
  where x.tenant_id = p_tenant and x.conversation_id = p_conversation and x.fence = p_fence and x.done_seq < x.last_seq;
  if not found then
    return;
  end if;
  select x.contact_id, x.connection_id, x.channel, x.mode, x.human_owner, x.asked, x.created_at, k.wrapped_key, k.language,
         k.opted_out_at, k.given_name, s.stage
  into strict c
  from conversation x
  join contact k on k.tenant_id = x.tenant_id and k.contact_id = x.contact_id
  left join connection s on s.tenant_id = x.tenant_id and s.id = x.connection_id
  where x.tenant_id = p_tenant and x.conversation_id = p_conversation;
  return query
  select 'head', c.contact_id, q.done_seq, c.opted_out_at, c.created_at, null::text, c.wrapped_key, jsonb_build_object(
    'connection', c.connection_id, 'channel', c.channel, 'stage', c.stage, 'mode', c.mode, 'human_owner', c.human_owner,
    'asked', c.asked, 'killed', (select k.scope from kill_now_v1(p_tenant) k), 'language', c.language, 'case_ref', case_ref_v1(p_conversation, q.done_seq),
    'consent_source', (select e.source from consent_event e where e.tenant_id = p_tenant and e.contact_id = c.contact_id
                       and e.kind = 'granted' order by e.at desc limit 1))
  union all
  select 'given_name', c.contact_id, 0, null, null, null, c.given_name, null where c.given_name is not null
  union all
  (select 'pending', x.id, x.seq, x.received_at, x.sent_at, x.kind, x.payload,
          jsonb_build_object('scope', x.stop_scope, 'matched', x.stop_matched)
   from inbox x
   where x.tenant_id = p_tenant and x.conversation_id = p_conversation and x.seq > q.done_seq and x.seq <= q.last_seq
     and not q.answered @> x.seq
   order by x.seq limit p_pending)
  union all
  (select 'theirs', x.id, x.seq, x.received_at, null, null, x.payload, null
   from inbox x
   where x.tenant_id = p_tenant and x.conversation_id = p_conversation and x.seq > q.done_seq - p_lines and x.seq <= q.last_seq
     and (x.seq <= q.done_seq or q.answered @> x.seq))
  union all
  (select 'ours', o.id, o.n, o.sending_at, null, null, o.body, to_jsonb(o.claims)
   from outbox o
   where o.tenant_id = p_tenant and o.conversation_id = p_conversation and o.state in ('sending', 'sent', 'unknown')
   order by o.n desc limit p_lines)
  union all
  select 'shown', null, 0, s.shown_at, null, s.claim_id, null, null from shown s
  where s.tenant_id = p_tenant and s.contact_id = c.contact_id
  union all
  select 'answer', a.id, 0, a.at, null, a.question, a.ciphertext, null from answer a
  where a.tenant_id = p_tenant and a.contact_id = c.contact_id
  union all
  select 'count', null, s.n, null, null, s.category, null, null from signal_count s
  where s.tenant_id = p_tenant and s.conversation_id = p_conversation
  union all
  select 'hold', null, h.priority, h.set_at, null, h.category, null, null from hold h
  where h.tenant_id = p_tenant and h.contact_id = c.contact_id and h.cleared_at is null
  union all
  select 'case', f.id, 0, f.opened_at, null, f.kind, null, null from case_file f
  where f.tenant_id = p_tenant and f.contact_id = c.contact_id and f.state = 'open'
  union all
  select 'withdrawn', null, 0, w.withdrawn_at, null, w.claim_digest, null, null from claim_withdrawal w
  where w.tenant_id = p_tenant;
end $$;

-- One turn, whole: the queue moves, its messages and effects are written, the audit grows by one. False: the fence has moved
-- on and nothing was written. Every value that is compared or copied is the queue row's own, read under its lock; a copy
-- taken earlier would miss a message that is being stored at this moment, and nobody would ever be woken for it.
create function commit_turn_v1(
  p_tenant int, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamptz,
  p_turn jsonb,                -- id, disposition, bundle, pinned, cost, language, stop_bot, suppress {scope, reason}
  p_sends jsonb, p_send_id uuid[], p_send_body bytea[],
  p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[],
  p_holds jsonb,               -- [{id, category, priority}]
  p_cases jsonb,               -- [{id, kind, reason, priority, sla_minutes, page}]
  p_counts jsonb,              -- {category: n}
  p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea
) returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_from bigint;
  v_answered int8multirange;
  v_done bigint := p_upto;
  v_out bigint;
  v_audit bigint;
  v_prev bytea;
  v_hash bytea;
  v_contact uuid;
  v_connection text;
  v_channel text;
  v_pinned text;
  v_stream text := 'conv/' || p_conversation;
  v_header jsonb;
  v_facts boolean;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select q.done_seq, q.answered, q.out_n, q.audit_n, q.audit_hash into v_from, v_answered, v_out, v_audit, v_prev
  from conversation_queue q
  where q.tenant_id = p_tenant and q.conversation_id = p_conversation and q.fence = p_fence
    and q.done_seq < p_upto and q.last_seq >= p_upto
  for no key update;
  if not found then
    return false;
  end if;
  v_pinned := pinned_v1(p_tenant, p_conversation);
  v_header := p_audit_header || jsonb_build_object('from', v_from, 'upto', p_upto, 'fence', p_fence);
  v_hash := audit_hash_v1(v_prev, p_tenant, v_stream, v_audit + 1, p_audit_id, p_now, v_header, p_audit_body);
  insert into audit (tenant_id, stream, n, id, at, header, body, prev, hash)
  values (p_tenant, v_stream, v_audit + 1, p_audit_id, p_now, v_header, p_audit_body, v_prev, v_hash);
  if v_answered is not null then
    select d.done, d.answered into v_done, v_answered from queue_done_v1(p_upto, v_answered) d;
  end if;
  update conversation_queue q
  set done_seq = v_done,
      answered = v_answered,
      ready_at = case when q.last_seq > v_done then p_now end,
      attempts = 0,
      owner = null,
      out_n = q.out_n + cardinality(p_send_id),
      audit_n = q.audit_n + 1,
      audit_hash = v_hash
  where q.tenant_id = p_tenant and q.conversation_id = p_conversation;

  update conversation c
  set pinned = p_turn ->> 'pinned',
      pinned_at = case when v_pinned = p_turn ->> 'pinned' then c.pinned_at else p_now end,
      last_turn_at = p_now,
      mode = case when p_turn ->> 'stop_bot' is not null then 'stopped' else c.mode end,
      asked = case when p_turn ->> 'asks' is not null then p_turn ->> 'asks'
                   when c.asked = any (p_answers) then null else c.asked end
  where c.tenant_id = p_tenant and c.conversation_id = p_conversation
  returning c.contact_id, c.connection_id, c.channel into strict v_contact, v_connection, v_channel;

  -- The same messages are answered again when the last look asks for it: the newer answer stands.
  insert into turn as t (tenant_id, conversation_id, upto_seq, from_seq, id, disposition, bundle, pinned, fence,
                         counts, cost_micropence, at)
  values (p_tenant, p_conversation, p_upto, v_from, (p_turn ->> 'id')::uuid, p_turn ->> 'disposition', p_turn ->> 'bundle',
          p_turn ->> 'pinned', p_fence, p_counts, (p_turn ->> 'cost')::bigint, p_now)
  on conflict (tenant_id, conversation_id, upto_seq) do update
  set from_seq = excluded.from_seq, id = excluded.id, disposition = excluded.disposition, bundle = excluded.bundle,
      pinned = excluded.pinned, fence = excluded.fence, counts = excluded.counts, cost_micropence = t.cost_micropence + excluded.cost_micropence,
      at = excluded.at;

  -- Facts about the person, each with its version: the last look waits for this row and then sees them.
  v_facts := p_turn -> 'suppress' <> 'null' or p_holds <> '[]';
  if v_facts or p_turn ->> 'language' is not null then
    update contact c
    set ver = c.ver + case when v_facts then 1 else 0 end, language = coalesce(p_turn ->> 'language', c.language)
    where c.tenant_id = p_tenant and c.contact_id = v_contact;
  end if;
  if p_turn -> 'suppress' <> 'null' then
    perform set_config('app.every', 'on', true);
    perform suppress_v1(p_tenant, v_contact, p_turn -> 'suppress' ->> 'scope', p_turn -> 'suppress' ->> 'reason', p_now);
    perform set_config('app.every', '', true);
  end if;
  if p_holds <> '[]' then
    insert into hold (tenant_id, id, contact_id, conversation_id, category, priority, set_by, set_at)
    select p_tenant, x.id, v_contact, p_conversation, x.category, x.priority, 'screen', p_now
    from jsonb_to_recordset(p_holds) as x (id uuid, category text, priority smallint)
    order by x.category
    on conflict (tenant_id, contact_id, category) where cleared_at is null do nothing;
  end if;

  if p_sends <> '[]' then
    insert into outbox (tenant_id, id, conversation_id, contact_id, connection_id, channel, n, key, upto_seq, part, send_class,
                        due_at, body, claims, claim_digests, has_link, has_ask, asks, answers_seq, template, campaign, bundle,
                        created_at)
    select p_tenant, s.id, p_conversation, v_contact, v_connection, v_channel, v_out + s.i,
           concat_ws(':', p_conversation, p_upto, x.part, p_fence), p_upto, x.part, x.send_class, coalesce(x.due_at, p_now), s.body,
           x.claims, x.claim_digests, x.has_link, x.has_ask, x.asks, x.answers_seq, x.template, x.campaign, p_turn ->> 'bundle',
           p_now
    from unnest(p_send_id, p_send_body) with ordinality as s (id, body, i)
    join rows from (jsonb_to_recordset(p_sends) as (
           part smallint, send_class text, due_at timestamptz, claims text[], claim_digests text[], has_link boolean,
           has_ask boolean, asks text, answers_seq bigint, template text, campaign text)) with ordinality
         as x (part, send_class, due_at, claims, claim_digests, has_link, has_ask, asks, answers_seq, template, campaign, i)
      on x.i = s.i;
  end if;

  if p_answers <> '{}' then
    insert into answer as a (tenant_id, contact_id, question, id, ciphertext, at)
    select p_tenant, v_contact, x.question, x.id, x.ciphertext, p_now
    from unnest(p_answers, p_answer_id, p_answer_ciphertext) as x (question, id, ciphertext)
    order by x.question
    on conflict (tenant_id, contact_id, question) do update
    set id = excluded.id, ciphertext = excluded.ciphertext, at = excluded.at;
  end if;
  if p_counts <> '{}' then
    insert into signal_count as s (tenant_id, conversation_id, category, n)
    select p_tenant, p_conversation, x.key, x.value::int from jsonb_each_text(p_counts) x order by x.key
    on conflict (tenant_id, conversation_id, category) do update set n = s.n + excluded.n;
  end if;

  if p_cases <> '[]' then
    insert into case_file as f (tenant_id, id, ref, conversation_id, contact_id, kind, reason, priority, page, due_at, opened_at,
                                opened_by)
    select p_tenant, x.id, case_ref_v1(p_conversation, v_from) || case when x.i > 1 then '-' || x.i else '' end, p_conversation,
           v_contact, x.kind, x.reason, x.priority, x.page, p_now + make_interval(mins => x.sla_minutes), p_now, 'turn'
    from rows from (jsonb_to_recordset(p_cases) as (
           id uuid, kind text, reason text, priority smallint, sla_minutes int, page boolean)) with ordinality
         as x (id, kind, reason, priority, sla_minutes, page, i)
    order by x.i
    on conflict (tenant_id, ref) do update -- the turn was done again: the person was told this reference
    set state = 'open', closed_at = null, closed_by = null, priority = least(f.priority, excluded.priority),
        kind = excluded.kind, reason = excluded.reason, page = f.page or excluded.page,
        paged_at = case when excluded.page then null else f.paged_at end;
  end if;

  if (p_turn ->> 'cost')::bigint > 0 then
    perform spend_settle_v1(p_tenant, v_contact, (p_turn ->> 'cost')::bigint, p_now);
  end if;
  insert into event (tenant_id, id, at, kind, conversation_id, contact_id, data)
  values (p_tenant, p_audit_id, p_now, 'turn', p_conversation, v_contact, jsonb_build_object(
    'disposition', p_turn ->> 'disposition', 'messages', p_upto - v_from, 'sends', cardinality(p_send_id)));
  return true;
end $$;

-- What a model cost is known afterwards: it is booked, whatever the cap; the cap is asked before the next call.
create function spend_settle_v1(p_tenant int, p_contact uuid, p_micropence bigint, p_now timestamptz) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  v_day date := (p_now at time zone 'UTC')::date;
begin
  insert into spend_shard as s (tenant_id, day, shard, spent_micropence)
  values (p_tenant, v_day, (hashtext(p_contact::text) & 15)::smallint, p_micropence)
  on conflict (tenant_id, day, shard) do update set spent_micropence = s.spent_micropence + excluded.spent_micropence;
  insert into spend_contact as s (tenant_id, day, contact_id, spent_micropence)
  values (p_tenant, v_day, p_contact, p_micropence)
  on conflict (tenant_id, day, contact_id) do update set spent_micropence = s.spent_micropence + excluded.spent_micropence;
end $$;

-- A turn that could not be made: later again, or, after enough tries, a dead letter with a case. It pages: nobody has screened
-- those words, and they may tell of danger, so a person reads them within a quarter of an hour.
-- The fence moves, so that the failed turn cannot commit after all. p_jitter: 0..1.
create function fail_turn_v1(
  p_tenant int, p_conversation uuid, p_fence bigint, p_error text, p_max_attempts int, p_jitter double precision,
  p_id uuid, p_case uuid, p_version text, p_now timestamptz
) returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare
  q record;
  v_upto bigint;
  v_done record;
  v_contact uuid;
  v_header jsonb;
  v_hash bytea;
  v_stream text := 'conv/' || p_conversation;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select x.done_seq, x.leased_seq, x.answered, x.attempts, x.audit_n, x.audit_hash into q
  from conversation_queue x
  where x.tenant_id = p_tenant and x.conversation_id = p_conversation and x.fence = p_fence and x.done_seq < x.last_seq
  for no key update;
  if not found then
    return 'lost';
  end if;
  if q.attempts < p_max_attempts then
    update conversation_queue x
    set ready_at = p_now + least(interval '1 hour', make_interval(secs => 2 ^ x.attempts)) * (0.5 + p_jitter), owner = null,
        fence = x.fence + 1
    where x.tenant_id = p_tenant and x.conversation_id = p_conversation;
    return 'retry';
  end if;
  -- What was answered already is none of it; what came after that gets its own tries.
  v_upto := coalesce((select min(lower(r)) - 1 from unnest(q.answered) r where lower(r) <= q.leased_seq), q.leased_seq);
  select * into v_done from queue_done_v1(v_upto, q.answered);
  v_header := jsonb_build_object('what', 'dead letter', 'from', q.done_seq, 'upto', v_upto, 'error', p_error,
                                 'attempts', q.attempts);
  v_hash := audit_hash_v1(q.audit_hash, p_tenant, v_stream, q.audit_n + 1, p_id, p_now, v_header, ''::bytea);
  insert into audit (tenant_id, stream, n, id, at, header, body, prev, hash)
  values (p_tenant, v_stream, q.audit_n + 1, p_id, p_now, v_header, ''::bytea, q.audit_hash, v_hash);
  update conversation_queue x
  set done_seq = v_done.done, answered = v_done.answered, ready_at = case when x.last_seq > v_done.done then p_now end, attempts = 0, owner = null,
      fence = x.fence + 1, audit_n = x.audit_n + 1, audit_hash = v_hash
  where x.tenant_id = p_tenant and x.conversation_id = p_conversation;
  insert into dead_letter (tenant_id, id, conversation_id, from_seq, upto_seq, error, attempts, version, at)
  values (p_tenant, p_id, p_conversation, q.done_seq, v_upto, p_error, q.attempts, p_version, p_now);
  select c.contact_id into strict v_contact from conversation c
  where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  insert into case_file (tenant_id, id, ref, conversation_id, contact_id, kind, reason, priority, page, due_at, opened_at,
                         opened_by)
  values (p_tenant, p_case, 'D-' || upper(left(replace(p_case::text, '-', ''), 12)), p_conversation, v_contact, 'dead_letter',
          p_error, 1, true, p_now + interval '15 minutes', p_now, 'worker');
  insert into event (tenant_id, id, at, kind, conversation_id, contact_id, data)
  values (p_tenant, gen_random_uuid(), p_now, 'alert', p_conversation, v_contact,
          jsonb_build_object('case', p_case, 'kind', 'dead_letter', 'reason', p_error));
  return 'dead';
end $$;

-- Daily partitions for the days ahead, and those past their keep dropped. Rows of any other day stay in the default one.
-- Run by convo_owner.
create function partitions_v1(p_ahead_days int, p_keep_seen_days int, p_now timestamptz) returns int
language plpgsql set search_path = public, pg_temp as $$
declare
  v_today date := (p_now at time zone 'UTC')::date;
  v_parent text;
  v_day date;
  v_name text;
  v_made int := 0;
  r record;
begin
  perform set_config('app.every', 'on', true);
  foreach v_parent in array array['inbox', 'inbox_seen'] loop
    for v_day in select generate_series(v_today, v_today + p_ahead_days, interval '1 day')::date loop
      v_name := v_parent || to_char(v_day, '_YYYYMMDD');
      continue when to_regclass(v_name) is not null;
      begin
        if v_parent = 'inbox' then
          execute format('create table %I partition of inbox for values from (%L) to (%L)', v_name,
                         v_day || ' 00:00:00+00', v_day + 1 || ' 00:00:00+00');
        else
          execute format('create table %I partition of inbox_seen for values from (%L) to (%L)', v_name, v_day, v_day + 1);
        end if;
      exception when check_violation then
        continue; -- that day's rows are in the default partition already, and may stay there
      end;
      execute format('alter table %I enable row level security', v_name);
      execute format('alter table %I force row level security', v_name);
      execute format('create policy every_tenant on %I to convo_owner using (current_setting(''app.every'', true) = ''on'')',
                     v_name);
      execute format(
        'create policy one_tenant on %I using (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::int)', v_name);
      v_made := v_made + 1;
    end loop;
  end loop;
  for r in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'inbox_seen'::regclass and c.relname ~ '^inbox_seen_\d{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') < v_today - p_keep_seen_days
  loop
    execute format('drop table %I', r.relname);
  end loop;
  delete from inbox_seen_default s where s.seen_at < p_now - make_interval(days => p_keep_seen_days);
  perform set_config('app.every', '', true);
  return v_made;
end $$;

grant execute on function claim_v1(text, int, double precision, timestamptz) to convo_dispatch;
grant execute on function
  pin_v1(int, uuid),
  conversation_key_v1(int, uuid),
  load_v1(int, uuid, bigint, int, int),
  commit_turn_v1(int, uuid, bigint, bigint, timestamptz, jsonb, jsonb, uuid[], bytea[], text[], uuid[], bytea[], jsonb, jsonb,
                 jsonb, uuid, jsonb, bytea),
  fail_turn_v1(int, uuid, bigint, text, int, double precision, uuid, uuid, text, timestamptz)
to convo_tenant;
