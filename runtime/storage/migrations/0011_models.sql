-- Circuit breakers of models, one for all workers: what one of them learned at the price of a failed call, none learns again.

-- A row is there once a call failed. No tenant: which provider is down is nobody's data.
create table model_breaker (
  provider text not null,
  model text not null,
  failures int not null,       -- in a row
  opened_at timestamptz,       -- null: closed
  trial_until timestamptz,     -- somebody is trying; who is not heard of again by then has died
  changed_at timestamptz not null,
  primary key (provider, model)
);
alter table model_breaker enable row level security;
alter table model_breaker force row level security;
create policy every_tenant on model_breaker to convo_owner using (current_setting('app.every', true) = 'on');

-- All of them; few, and asked for once a second at most.
create function breaker_states_v1()
returns table (provider text, model text, failures int, opened_at timestamptz, trial_until timestamptz)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  return query select b.provider, b.model, b.failures, b.opened_at, b.trial_until from model_breaker b order by 1, 2;
  perform set_config('app.every', '', true);
end $$;

-- Whether the caller is the one who tries an open breaker now. Of any number of callers, one is told so.
create function breaker_try_v1(
  p_provider text, p_model text, p_open_s double precision, p_trial_s double precision, p_now timestamptz
) returns boolean language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_mine boolean;
begin
  perform set_config('app.every', 'on', true);
  update model_breaker b set trial_until = p_now + make_interval(secs => p_trial_s), changed_at = p_now
   where b.provider = p_provider and b.model = p_model
     and b.opened_at + make_interval(secs => p_open_s) <= p_now
     and (b.trial_until is null or b.trial_until <= p_now);
  v_mine := found;
  perform set_config('app.every', '', true);
  return v_mine;
end $$;

-- What came of a call (answered, failed, unsaid). One from before the breaker opened neither closes it nor keeps it open.
create function breaker_report_v1(
  p_provider text, p_model text, p_result text, p_trial boolean, p_failures int, p_now timestamptz
) returns void language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  case p_result
    when 'failed' then
      insert into model_breaker as b (provider, model, failures, opened_at, changed_at)
      values (p_provider, p_model, 1, case when p_trial or p_failures <= 1 then p_now end, p_now)
      on conflict on constraint model_breaker_pkey do update
        set failures = b.failures + 1,
            opened_at = case when p_trial or b.failures + 1 >= p_failures then p_now end,
            trial_until = null,
            changed_at = p_now
        where p_trial or b.opened_at is null;
    when 'answered' then
      update model_breaker b set failures = 0, opened_at = null, trial_until = null, changed_at = p_now
       where b.provider = p_provider and b.model = p_model and (p_trial or b.opened_at is null);
    when 'unsaid' then
      update model_breaker b set trial_until = null, changed_at = p_now
       where b.provider = p_provider and b.model = p_model and p_trial;
  end case;
  perform set_config('app.every', '', true);
end $$;

grant execute on function breaker_states_v1() to convo_dispatch, convo_desk;
grant execute on function
  breaker_try_v1(text, text, double precision, double precision, timestamptz),
  breaker_report_v1(text, text, text, boolean, int, timestamptz)
to convo_dispatch;
