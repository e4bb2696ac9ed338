-- What the rows say that audit entries name; each statement takes arrays with one place per named row, and answers with the
-- place (`i`, from 1) and the row's columns. Words never leave the database: of them only digests are compared.
-- Run by convo_owner, in a transaction that holds app.every. `limit` inside a lateral keeps the plan one look-up per place.

-- name: inbox
select e.i, x.*
  from unnest(%s::int[], %s::uuid[], %s::bigint[], %s::timestamptz[])
       with ordinality as e (tenant, conversation, seq, at, i)
 cross join lateral (
   select y.id::text, y.kind, y.stop_scope as stop, y.stop_matched as matched, encode(sha256(y.payload), 'hex') as payload
     from inbox y
    where y.tenant_id = e.tenant and y.conversation_id = e.conversation and y.seq = e.seq and y.received_at = e.at
    limit 1) x;

-- name: outbox
select e.i, x.*
  from unnest(%s::int[], %s::uuid[]) with ordinality as e (tenant, id, i)
 cross join lateral (
   select y.conversation_id::text as conversation, y.send_class as class, y.claims, y.claim_digests,
          encode(sha256(y.body), 'hex') as body
     from outbox y
    where y.tenant_id = e.tenant and y.id = e.id
    limit 1) x;

-- name: outbox_decision
-- Several looks may have happened at one instant.
select e.i, x.*
  from unnest(%s::int[], %s::uuid[], %s::timestamptz[]) with ordinality as e (tenant, outbox, at, i)
 cross join lateral (
   select y.effect, y.rule, y.row_no as row, y.facts -> 'facts' as facts, y.facts -> 'flags' as flags,
          y.facts ->> 'bundle' as bundle
     from outbox_decision y
    where y.tenant_id = e.tenant and y.outbox_id = e.outbox and y.at = e.at
    limit 1000) x;

-- name: consent_event
select e.i, x.*
  from unnest(%s::int[], %s::uuid[]) with ordinality as e (tenant, id, i)
 cross join lateral (
   select y.kind, y.contact_id::text as contact, y.channel, y.purpose, y.basis, y.source
     from consent_event y
    where y.tenant_id = e.tenant and y.id = e.id
    limit 1) x;

-- name: suppression
-- Answers only when the stop still stands: every identity the person had is listed, and for the organisation there, too. One
-- that came within the minute before may have come by a transaction that ended after the stop: of those, one suffices.
-- Of somebody erased no identity is left to look by. Columns say whether they are as late as the entry.
select e.i,
       k.opted_out_at is not null and k.opted_out_at >= e.at - interval '1 minute' as opted_out_at,
       coalesce(l.listed_at >= e.at - interval '1 minute', true) as at
  from unnest(%s::int[], %s::uuid[], %s::timestamptz[], %s::boolean[])
       with ordinality as e (tenant, conversation, at, wide, i)
  join lateral (
    select y.contact_id from conversation y
     where y.tenant_id = e.tenant and y.conversation_id = e.conversation limit 1) c on true
  join lateral (
    select y.wrapped_key, y.opted_out_at from contact y
     where y.tenant_id = e.tenant and y.contact_id = c.contact_id limit 1) k on true
 cross join lateral (
   select count(*) as identities,
          count(s.blind) as listed,
          count(o.blind) as listed_wide,
          count(*) filter (where s.blind is null and w.earlier) as unlisted,
          count(*) filter (where o.blind is null and w.earlier) as unlisted_wide,
          least(max(s.at), min(s.at) filter (where w.earlier)) as listed_at
     from identity y
     cross join lateral (select y.created_at < e.at - interval '1 minute' as earlier) w
     left join suppression s on s.tenant_id = y.tenant_id and s.blind = y.suppression_blind
     left join organisation_suppression o
       on o.blind = y.organisation_blind
      and o.organisation_id = (select t.organisation_id from tenant t where t.tenant_id = e.tenant)
    where y.tenant_id = e.tenant and y.contact_id = c.contact_id) l
 where (l.listed > 0 and l.unlisted = 0 and (not e.wide or l.listed_wide > 0 and l.unlisted_wide = 0))
    or (l.identities = 0 and k.wrapped_key is null);
