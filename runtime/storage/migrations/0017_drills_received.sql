-- Which result of a drill counts: the last one that was received, not the one that says it was played last.

-- The order of arrival, given here; what was there before keeps the order it lies in, which is that of its arrival.
alter table drill_result add column received bigint generated always as identity;
create unique index drill_result_received on drill_result (tenant_id, digest, received);

-- Five minutes are what clocks of two machines may differ by. Not checked for what was kept before: it does not count below.
alter table drill_result add constraint drill_result_not_of_the_future
  check (played_at <= recorded_at + interval '5 minutes') not valid;

-- Whether the last attack received on exactly this bundle came to nothing; an older run that comes in later does not undo a
-- miss that was played after it. For functions that have set app.tenant or app.every.
-- 105: what the smallest suite holds.
create or replace function withstood_v1(p_tenant int, p_digest text) returns boolean
language sql stable set search_path = public, pg_temp as $$
  select coalesce((
    select r.failed = 0 and r.attacks >= 105 and r.twins > 0 and r.played_at <= r.recorded_at + interval '5 minutes'
           and not exists (select from drill_result worse
                           where worse.tenant_id = p_tenant and worse.digest = p_digest and worse.kind = 'attack'
                             and worse.failed > 0 and worse.played_at >= r.played_at)
    from drill_result r
    where r.tenant_id = p_tenant and r.digest = p_digest and r.kind = 'attack'
    order by r.received desc limit 1), false)
$$;

-- The envelopes of the last results without a miss, newest first, for whoever checks their signatures himself. Twenty: enough to
-- find one by a key that is trusted after a rotation.
create function drill_envelopes_v1(p_tenant int, p_digest text) returns table (envelope bytea)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  select r.envelope from drill_result r
  where r.tenant_id = p_tenant and r.digest = p_digest and r.kind = 'attack' and r.failed = 0
  order by r.received desc limit 20;
end $$;

grant execute on function drill_envelopes_v1(int, text) to convo_ingest, convo_dispatch, convo_tenant, convo_desk;
