-- What the desk reads, as convo_desk, one tenant at a time: app.tenant is set in the same round trip, and row-level security
-- does the rest. Words stay ciphertext here; they are decrypted in the process, and only for an open conversation.

-- name: conversations
-- The latest hundred that fit. `show`: all | waiting | person | held | trouble. No words: a list is looked at by anybody.
with recent as (
  select c.conversation_id, coalesce(q.last_inbound_at, c.created_at) as active_at
  from conversation c
  join conversation_queue q on q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
  join contact p on p.tenant_id = c.tenant_id and p.contact_id = c.contact_id
  where c.tenant_id = %(tenant)s
    and (%(channel)s::text is null or c.channel = %(channel)s)
    and (%(claim)s::text is null or exists (
      select from outbox o where o.tenant_id = c.tenant_id and o.conversation_id = c.conversation_id
        and o.claims @> array[%(claim)s::text]))
    and case %(show)s::text
      when 'waiting' then q.last_seq > q.done_seq
      when 'person' then c.human_owner is not null or c.mode = 'stopped' or exists (
        select from case_file f where f.tenant_id = c.tenant_id and f.conversation_id = c.conversation_id and f.state = 'open')
      when 'held' then p.opted_out_at is not null or exists (
        select from hold h where h.tenant_id = c.tenant_id and h.contact_id = c.contact_id and h.cleared_at is null)
      when 'trouble' then exists (
        select from outbox o where o.tenant_id = c.tenant_id and o.conversation_id = c.conversation_id
          and o.state in ('unknown', 'failed', 'dead') and o.discarded_at is null) or exists (
        select from dead_letter d where d.tenant_id = c.tenant_id and d.conversation_id = c.conversation_id and d.state = 'open')
      else true end
  order by active_at desc, c.conversation_id limit 100
)
select c.conversation_id, c.contact_id, c.connection_id, c.channel, c.mode, c.human_owner, r.active_at,
       q.last_seq,
       (q.done_seq + coalesce((select sum(upper(r) - lower(r)) from unnest(q.answered) r), 0))::bigint as done_seq,
       q.attempts, p.opted_out_at, p.wrapped_key, p.given_name,
       i.kind as identity_kind, i.identity_id, i.ciphertext as identity_value,
       (select array_agg(h.category order by h.priority, h.category) from hold h
        where h.tenant_id = c.tenant_id and h.contact_id = c.contact_id and h.cleared_at is null) as holds,
       (select array_agg(f.kind order by f.priority, f.opened_at) from case_file f
        where f.tenant_id = c.tenant_id and f.conversation_id = c.conversation_id and f.state = 'open') as cases,
       (select min(b.received_at) from inbox b
        where b.tenant_id = c.tenant_id and b.conversation_id = c.conversation_id and b.seq > q.done_seq) as waiting_since,
       exists (select from dead_letter d where d.tenant_id = c.tenant_id and d.conversation_id = c.conversation_id
               and d.state = 'open') as dead,
       o.state as send_state, o.send_class, o.decided_effect, o.decided_rule, o.claims, o.author,
       coalesce(o.settled_at, o.sending_at, o.created_at) as send_at
from recent r
join conversation c on c.tenant_id = %(tenant)s and c.conversation_id = r.conversation_id
join conversation_queue q on q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
join contact p on p.tenant_id = c.tenant_id and p.contact_id = c.contact_id
left join lateral (select x.* from identity x where x.tenant_id = c.tenant_id and x.contact_id = c.contact_id
                   order by x.created_at, x.kind limit 1) i on true
left join lateral (select x.* from outbox x where x.tenant_id = c.tenant_id and x.conversation_id = c.conversation_id
                   order by x.n desc limit 1) o on true
order by r.active_at desc, c.conversation_id;

-- name: heading
select c.conversation_id, c.contact_id, c.connection_id, c.channel, k.stage, c.mode, c.human_owner, c.human_since, c.pinned,
       c.pinned_at, c.created_at, q.last_seq,
       (q.done_seq + coalesce((select sum(upper(r) - lower(r)) from unnest(q.answered) r), 0))::bigint as done_seq,
       q.attempts, q.last_inbound_at, q.audit_n, q.audit_hash,
       p.opted_out_at, p.opt_out_scope, p.opt_out_reason, p.wrapped_key, p.given_name, p.language, p.strikes,
       p.struck_out_at, p.erased_at, i.kind as identity_kind, i.identity_id, i.ciphertext as identity_value
from conversation c
join conversation_queue q on q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
join contact p on p.tenant_id = c.tenant_id and p.contact_id = c.contact_id
left join connection k on k.tenant_id = c.tenant_id and k.id = c.connection_id
left join lateral (select x.* from identity x where x.tenant_id = c.tenant_id and x.contact_id = c.contact_id
                   order by x.created_at, x.kind limit 1) i on true
where c.tenant_id = %(tenant)s and c.conversation_id = %(conversation)s;

-- name: said
select seq, id, kind, sent_at, received_at, payload, stop_scope, stop_matched
from inbox where tenant_id = %(tenant)s and conversation_id = %(conversation)s order by seq desc limit 200;

-- name: sends
select id, n, key, upto_seq, part, send_class, state, due_at, body, claims, answers_seq, template, campaign, bundle, author,
       decided_effect, decided_rule, decided_row, decided_at, status, status_at, error_code, created_at, sending_at, settled_at
from outbox where tenant_id = %(tenant)s and conversation_id = %(conversation)s order by n desc limit 200;

-- name: looks
select d.outbox_id, d.at, d.effect, d.rule, d.row_no, d.until, d.facts
from outbox o join outbox_decision d on d.tenant_id = o.tenant_id and d.outbox_id = o.id
where o.tenant_id = %(tenant)s and o.conversation_id = %(conversation)s order by d.at desc limit 600;

-- name: record
select n, id, at, header, body, hash from audit
where tenant_id = %(tenant)s and stream = 'conv/' || %(conversation)s::uuid order by n desc limit 500;

-- name: holds
select id, category, priority, set_by, set_at, cleared_by, cleared_at from hold
where tenant_id = %(tenant)s and contact_id = %(contact)s order by set_at;

-- name: cases_of
select f.id, f.ref, f.conversation_id, f.contact_id, f.kind, f.reason, f.priority, f.page, f.paged_at, f.due_at, f.state,
       f.opened_at, f.opened_by, f.owner, f.closed_at, f.closed_by, a.id as entry, a.body as typed
from case_file f
left join audit a on a.tenant_id = f.tenant_id and a.stream = 'desk/' || %(tenant)s::int and a.n = f.closed_n
where f.tenant_id = %(tenant)s and (f.conversation_id = %(conversation)s
  or (f.conversation_id is null and f.contact_id = %(contact)s)) order by f.opened_at;

-- name: consents
select kind, channel, purpose, basis, sender, source, at from consent_event
where tenant_id = %(tenant)s and contact_id = %(contact)s order by at;

-- name: withdrawn
select w.claim_digest, w.withdrawn_by, w.withdrawn_at, a.id as entry, a.body as typed
from claim_withdrawal w
left join audit a on a.tenant_id = w.tenant_id and a.stream = 'desk/' || %(tenant)s::int and a.n = w.entry_n
where w.tenant_id = %(tenant)s;

-- name: waiting_with
-- What is queued with these words in it: each is looked at once more before it leaves, and stopped then.
select d as claim_digest, count(o.id)::int as waiting
from unnest(%(digests)s::text[]) d
left join outbox o on o.tenant_id = %(tenant)s and o.state = 'pending' and d = any (o.claim_digests)
group by d;

-- name: desk_entries
-- What people at the desk did with this conversation, looks left out.
select n, id, at, header, body, hash from audit
where tenant_id = %(tenant)s and stream = 'desk/' || %(tenant)s::int
  and header ->> 'what' <> 'looked'
  and (header ->> 'conversation' = %(conversation)s::uuid::text or header ->> 'contact' = %(contact)s::uuid::text)
order by n desc limit 100;

-- name: cases
select f.id, f.ref, f.conversation_id, f.contact_id, f.kind, f.reason, f.priority, f.page, f.paged_at, f.due_at, f.state,
       f.opened_at, f.opened_by, f.owner, f.closed_at, f.closed_by, null::uuid as entry, null::bytea as typed, c.channel, c.human_owner,
       p.wrapped_key, p.given_name, i.kind as identity_kind, i.identity_id, i.ciphertext as identity_value
from case_file f
left join conversation c on c.tenant_id = f.tenant_id and c.conversation_id = f.conversation_id
left join contact p on p.tenant_id = f.tenant_id and p.contact_id = f.contact_id
left join lateral (select x.* from identity x where x.tenant_id = f.tenant_id and x.contact_id = f.contact_id
                   order by x.created_at, x.kind limit 1) i on true
where f.tenant_id = %(tenant)s and f.state = 'open'
order by f.priority, f.due_at nulls last, f.opened_at limit 200;

-- name: depth
-- A conversation with an unanswered message always has a time at which it is ready.
select
  (select count(*) from conversation_queue q where q.tenant_id = %(tenant)s and q.ready_at is not null and q.last_seq > q.done_seq) as turns,
  (select min(b.received_at) from conversation_queue q
   join inbox b on b.tenant_id = q.tenant_id and b.conversation_id = q.conversation_id and b.seq = q.done_seq + 1
   where q.tenant_id = %(tenant)s and q.ready_at is not null and q.last_seq > q.done_seq) as oldest_turn,
  count(*) filter (where o.state = 'pending' and o.goes_at <= %(now)s) as sends,
  min(o.goes_at) filter (where o.state = 'pending' and o.goes_at <= %(now)s) as oldest_send,
  count(*) filter (where o.state = 'pending' and o.goes_at > %(now)s) as later,
  min(o.goes_at) filter (where o.state = 'pending' and o.goes_at > %(now)s) as next_later,
  count(*) filter (where o.state = 'sending') as sending
from (
  -- What stands behind a message that waits for its hour waits as well.
  select x.state, max(x.due_at) filter (where x.state = 'pending')
                  over (partition by x.conversation_id order by x.n) as goes_at
  from outbox x where x.tenant_id = %(tenant)s and x.state in ('pending', 'sending')
) o;

-- name: stuck
-- Everything that will not move by itself. `kind` is what replay and discard are told.
select s.*, c.channel, c.contact_id, p.wrapped_key, p.given_name, i.kind as identity_kind, i.identity_id,
       i.ciphertext as identity_value
from (
  select 'dead_letter' as kind, d.id, d.conversation_id, d.at, d.error as reason, d.attempts, null::text as send_class,
         null::text[] as claims, null::text as effect, null::text as rule, null::int as code
  from dead_letter d where d.tenant_id = %(tenant)s and d.state = 'open'
  union all
  select 'outbox', o.id, o.conversation_id, coalesce(o.settled_at, o.created_at), o.state, o.attempts, o.send_class, o.claims,
         o.decided_effect, o.decided_rule, o.error_code
  from outbox o where o.tenant_id = %(tenant)s and o.state in ('unknown', 'dead', 'failed') and o.discarded_at is null
  union all
  select 'reject', r.id, null, r.received_at, r.error, 1, r.kind, null, null, null, null
  from ingest_reject r where r.tenant_id = %(tenant)s and r.state = 'open'
) s
left join conversation c on c.tenant_id = %(tenant)s and c.conversation_id = s.conversation_id
left join contact p on p.tenant_id = c.tenant_id and p.contact_id = c.contact_id
left join lateral (select x.* from identity x where x.tenant_id = c.tenant_id and x.contact_id = c.contact_id
                   order by x.created_at, x.kind limit 1) i on true
order by s.at desc limit 200;

-- name: pointers
select b.stage, b.serial, b.digest, b.activated_by, b.activated_at, x.unapproved
from bundle_pointer b join bundle x on x.tenant_id = b.tenant_id and x.digest = b.digest
where b.tenant_id = %(tenant)s order by b.stage, b.serial desc limit 60;

-- name: seen
select process, stage, digest, wanted, error, seen_at from bundle_seen
where tenant_id = %(tenant)s order by process;

-- name: in_flight
select o.id, o.conversation_id, o.send_class, o.channel, o.sending_at, o.lease_until from outbox o
where o.tenant_id = %(tenant)s and o.state = 'sending' order by o.sending_at limit 100;

-- name: today
select
  (select count(*) from conversation_queue q where q.tenant_id = %(tenant)s
     and q.last_inbound_at > %(now)s::timestamptz - interval '24 hours') as conversations,
  (select count(*) from conversation c where c.tenant_id = %(tenant)s and c.human_owner is not null) as with_people,
  (select coalesce(sum(s.spent_micropence), 0)::bigint from spend_shard s
   where s.tenant_id = %(tenant)s and s.day = %(day)s) as spent_micropence,
  (select percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from o.sending_at - b.received_at))
   from outbox o join inbox b on b.tenant_id = o.tenant_id and b.conversation_id = o.conversation_id and b.seq = o.answers_seq
   where o.tenant_id = %(tenant)s and o.created_at > %(now)s::timestamptz - interval '24 hours' and o.sending_at is not null
     and o.author = 'bot') as answer_s;

-- name: fates
-- What became of what was written in the last 24 hours, by state and the rule of the last look.
select o.state, o.decided_effect as effect, o.decided_rule as rule, count(*) as n
from outbox o
where o.tenant_id = %(tenant)s and o.created_at > %(now)s::timestamptz - interval '24 hours'
group by 1, 2, 3;

-- name: counts
select
  (select count(*) from case_file f where f.tenant_id = %(tenant)s and f.state = 'open') as cases,
  (select count(*) from dead_letter d where d.tenant_id = %(tenant)s and d.state = 'open')
    + (select count(*) from outbox o where o.tenant_id = %(tenant)s and o.state in ('unknown', 'dead', 'failed')
       and o.discarded_at is null)
    + (select count(*) from ingest_reject r where r.tenant_id = %(tenant)s and r.state = 'open') as stuck,
  (select count(*) from conversation_queue q where q.tenant_id = %(tenant)s and q.ready_at is not null and q.last_seq > q.done_seq) as waiting;

-- name: has
select exists (select from conversation c where c.tenant_id = %(tenant)s and c.conversation_id = %(conversation)s) as has;
