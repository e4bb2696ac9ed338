-- The last look and everything around it: which row is next, may it go, and what became of it.
--
-- `last_look_v1` locks the conversation and the person, and only then, in NEW statements, reads the facts: a statement's
-- snapshot is older than the locks it waits for, so an opt-out that commits during the wait would not be seen by a look
-- that locks and reads at once. (In a volatile plpgsql function under READ COMMITTED each statement has its own snapshot.)
-- The tenant row is read, never locked. Lock order: conversation_queue, contact, outbox, audit_stream, spend.

alter table outbox
  add column purpose text,                          -- what the consent must name; null: the send class
  add column kill_waited boolean not null default false, -- it waited out a kill: composed again rather than sent stale
  add column cost_micropence bigint not null default 0,  -- taken from the day's money at `sending`
  add column cost_day date,                         -- UTC
  add column discarded_at timestamptz,              -- an operator has seen that it did not go, or may not have gone
  add column discarded_by text;
alter table conversation add column page_seen_at timestamptz;  -- web chat: when the page last asked for lines

create index outbox_kill_waited on outbox (tenant_id, due_at) where state = 'pending' and kill_waited;
create index outbox_confirmations on outbox (tenant_id, contact_id, created_at) where send_class = 'confirmation';

-- ---- small rules ----------------------------------------------------------------------------------------------------

-- A row waits for earlier rows of its conversation that are at least as urgent, never for less urgent ones:
-- a danger line does not queue behind a campaign message that waits for nine o'clock.
create function send_rank_v1(p_class text) returns int language sql immutable parallel safe as $$
  select array_position(array['safety', 'confirmation', 'human', 'reply', 'service', 'proactive'], p_class)
$$;

-- schemas.sendtable.SEVERITY; null for an effect this version does not know.
create function send_severity_v1(p_effect text) returns int language sql immutable parallel safe as $$
  select case p_effect
    when 'refuse' then 7 when 'drop' then 6 when 'page' then 5 when 'case' then 4 when 'redo' then 3
    when 'defer' then 2 when 'pause' then 2 when 'template' then 1 when 'send' then 0 end
$$;

-- What the provider charges us at most, in millionths of a penny: the price in the policy. Without one, what is known to be
-- free is free (our own page, WAHA, mail, an answer inside WhatsApp's window), and anything else costs as much as the dearest.
create function send_price_v1(p_policy jsonb, p_class text, p_channel text) returns bigint
language sql immutable parallel safe as $$
  select greatest(0, coalesce((p_policy -> 'prices' -> p_channel ->> p_class)::bigint, case
    when p_channel in ('webchat', 'whatsapp_waha', 'email') then 0
    when p_channel = 'whatsapp_360dialog' and p_class in ('safety', 'confirmation', 'reply', 'human') then 0
    else 5500000 end))
$$;

-- By what a channel can reach somebody, best first.
create function send_identities_v1(p_channel text) returns text[] language sql immutable parallel safe as $$
  select case p_channel
    when 'whatsapp_360dialog' then array['phone', 'bsuid', 'lid'] when 'whatsapp_waha' then array['phone', 'lid']
    when 'webchat' then array['visitor'] when 'email' then array['email'] else '{}'::text[] end
$$;

-- Hours and days of a policy at a moment. `opens`: the first later moment inside hours on a day that is not quiet.
-- Local times are turned into moments by the zone's own rules, so nine is nine on both sides of a clock change.
create function send_hours_v1(
  p_policy jsonb, p_now timestamptz, out in_hours boolean, out quiet_day boolean, out opens timestamptz
) language plpgsql stable parallel safe as $$
declare
  v_zone text := p_policy ->> 'timezone';
  v_local timestamp := p_now at time zone v_zone;
  v_minute int := extract(hour from v_local) * 60 + extract(minute from v_local);
  v_open interval := make_interval(mins => (p_policy ->> 'open_minute')::int);
begin
  in_hours := v_minute >= (p_policy ->> 'open_minute')::int and v_minute < (p_policy ->> 'close_minute')::int;
  quiet_day := send_quiet_day_v1(p_policy, v_local::date);
  for i in 0..60 loop
    opens := (v_local::date + i + v_open) at time zone v_zone;
    exit when opens > p_now and not send_quiet_day_v1(p_policy, v_local::date + i);
  end loop;
end $$;

create function send_quiet_day_v1(p_policy jsonb, p_day date) returns boolean language sql stable parallel safe as $$
  select (p_policy -> 'quiet_weekdays') @> to_jsonb(extract(isodow from p_day)::int)
    or (p_policy -> 'quiet_dates') @> to_jsonb(to_char(p_day, 'YYYY-MM-DD'))
$$;

-- The stronger of the tenant's and the platform's switch; the epoch changes whenever either is touched.
create function kill_now_v1(p_tenant int, out scope text, out epoch bigint) language plpgsql volatile
  security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  select case when 'everything' in (t.kill_scope, p.kill_scope) then 'everything'
              when 'machine' in (t.kill_scope, p.kill_scope) then 'machine' else 'none' end,
         t.kill_epoch + p.kill_epoch
    into scope, epoch
    from tenant t cross join platform p where t.tenant_id = p_tenant;
  perform set_config('app.every', '', true);
end $$;

-- ---- the table ------------------------------------------------------------------------------------------------------

-- schemas.sendtable.decide, row for row: the strictest row wins; a fact without exactly one readable row refuses. Of rows
-- that let the message go, the one that says most is named (`tells`).
create function send_decide_v1(
  p_tenant int, p_digest text, p_facts text[], p_flags text[], p_class text, p_channel text,
  out effect text, out rule text, out row_no int, out until text[], out notes text[]
) language plpgsql stable as $$
declare
  v_found int;
  v_states int;
begin
  select count(*), count(distinct r.state) into v_found, v_states
    from send_rule r
   where r.tenant_id = p_tenant and r.digest = p_digest and r.send_class = p_class and r.channel = p_channel
     and r.state = any (p_facts || 'clear'::text);
  if v_found <> v_states or v_states <> (select count(distinct f) from unnest(p_facts || 'clear'::text) f) then
    effect := 'refuse'; rule := 'R-TABLE-1'; until := '{}'; notes := '{}';
    return;
  end if;
  with stated as (
    select r.*,
           array(select o from unnest(r.only_when) o where o not in ('warn', 'cheaper_rung'))
           || case when r.effect = 'template' then array['template'] else '{}'::text[] end as needs
      from send_rule r
     where r.tenant_id = p_tenant and r.digest = p_digest and r.send_class = p_class and r.channel = p_channel
       and r.state = any (p_facts || 'clear'::text)
  ), said as (
    select r.row_no, r.rule, r.until, r.only_when, r.state, r.needs,
           case when r.effect not in ('send', 'template') or r.needs <@ p_flags then r.effect
                else coalesce(r.otherwise, 'refuse') end as effect
      from stated r
  ), readable as (
    select s.row_no, s.rule, s.until, s.only_when,
           case when s.effect <> 'send' or s.needs <> '{}' then 0
                when s.only_when <> '{}' then 1
                when s.state = 'clear' then 2
                else 3 end as tells,
           case when send_severity_v1(s.effect) is null then 'refuse'
                when s.effect in ('defer', 'pause')
                     and not coalesce(s.until in ('open', 'processed', 'frequency', 'spend', 'kill'), false) then 'refuse'
                else s.effect end as effect
      from said s
  )
  select (array_agg(s.effect order by send_severity_v1(s.effect) desc, s.tells, s.row_no))[1],
         (array_agg(s.rule order by send_severity_v1(s.effect) desc, s.tells, s.row_no))[1],
         (array_agg(s.row_no order by send_severity_v1(s.effect) desc, s.tells, s.row_no))[1],
         coalesce(array_agg(distinct s.until) filter (where s.effect in ('defer', 'pause')), '{}'),
         coalesce((select array_agg(distinct o) from readable n, unnest(n.only_when) o where o in ('warn', 'cheaper_rung')), '{}')
    into effect, rule, row_no, until, notes
    from readable s;
  if effect not in ('defer', 'pause') then until := '{}'; end if;
  if effect not in ('send', 'template') then notes := '{}'; end if;
end $$;
