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

-- What the provider charges us at most, in millionths of a penny: only what we start on WhatsApp costs money.
create function send_price_v1(p_class text, p_channel text) returns bigint language sql immutable parallel safe as $$
  select case
    when p_channel <> 'whatsapp_360dialog' then 0
    when p_class = 'proactive' then 5500000
    when p_class = 'service' then 2500000
    else 0 end::bigint
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

-- schemas.sendtable.decide, row for row: the strictest row wins; a fact without exactly one readable row refuses.
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
  with said as (
    select r.row_no, r.rule, r.until, r.only_when,
           case when r.effect not in ('send', 'template') then r.effect
                when array(select o from unnest(r.only_when) o where o not in ('warn', 'cheaper_rung'))
                     || case when r.effect = 'template' then array['template'] else '{}'::text[] end <@ p_flags
                then r.effect
                else coalesce(r.otherwise, 'refuse') end as effect
      from send_rule r
     where r.tenant_id = p_tenant and r.digest = p_digest and r.send_class = p_class and r.channel = p_channel
       and r.state = any (p_facts || 'clear'::text)
  ), readable as (
    select s.row_no, s.rule, s.until, s.only_when,
           case when send_severity_v1(s.effect) is null then 'refuse'
                when s.effect in ('defer', 'pause')
                     and not coalesce(s.until in ('open', 'processed', 'frequency', 'spend', 'kill'), false) then 'refuse'
                else s.effect end as effect
      from said s
  )
  select (array_agg(s.effect order by send_severity_v1(s.effect) desc, s.row_no))[1],
         (array_agg(s.rule order by send_severity_v1(s.effect) desc, s.row_no))[1],
         (array_agg(s.row_no order by send_severity_v1(s.effect) desc, s.row_no))[1],
         coalesce(array_agg(distinct s.until) filter (where s.effect in ('defer', 'pause')), '{}'),
         coalesce((select array_agg(distinct o) from readable n, unnest(n.only_when) o where o in ('warn', 'cheaper_rung')), '{}')
    into effect, rule, row_no, until, notes
    from readable s;
  if effect not in ('defer', 'pause') then until := '{}'; end if;
  if effect not in ('send', 'template') then notes := '{}'; end if;
end $$;

-- ---- the facts ------------------------------------------------------------------------------------------------------

-- Everything the table may ask about one outbox row, as of now. Call it only after the locks, in a statement of its own.
-- digest null: no bundle is in force for the connection's stage, or the connection is none of ours.
create function send_facts_v1(
  p_tenant int, p_outbox uuid, p_now timestamptz,
  out facts text[], out flags text[], out digest text, out unapproved boolean, out contact_ver bigint, out kill_epoch bigint,
  out opens timestamptz, out frequency_free timestamptz, out spend_cap bigint, out local_day date, out strikes int,
  out struck boolean, out reachable boolean, out numbers jsonb
) language plpgsql volatile as $$
declare
  o outbox;
  c contact;
  v_conversation conversation;
  v_queue conversation_queue;
  v_stage text;
  v_policy jsonb;
  v_hours record;
  v_kill record;
  v_stopped_at timestamptz;
  v_inbound_at timestamptz;  -- when the person last wrote, anywhere
  v_unprocessed boolean;     -- in any conversation of theirs
  v_page_open boolean;
  v_consent boolean;
  v_fresh_consent boolean;
  v_today int; v_month int; v_last timestamptz; v_oldest timestamptz;
  v_run int; v_run_from timestamptz; v_run_to timestamptz;
  v_spent bigint; v_contact_spent bigint;
begin
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox;
  select * into c from contact x where x.tenant_id = p_tenant and x.contact_id = o.contact_id;
  select * into v_conversation from conversation x where x.tenant_id = p_tenant and x.conversation_id = o.conversation_id;
  select * into v_queue from conversation_queue x where x.tenant_id = p_tenant and x.conversation_id = o.conversation_id;
  contact_ver := c.ver;
  reachable := c.wrapped_key is not null and exists (
    select from identity i where i.tenant_id = p_tenant and i.contact_id = c.contact_id
       and i.kind = any (send_identities_v1(o.channel)));
  facts := '{}'; flags := '{}';

  -- The bundle in force: on the stage of the connection the row would leave by.
  select x.stage into v_stage from connection x where x.tenant_id = p_tenant and x.id = o.connection_id;
  select b.digest into digest from bundle_pointer b
   where b.tenant_id = p_tenant and b.stage = v_stage order by b.serial desc limit 1;
  select x.body, x.unapproved into v_policy, unapproved from policy x where x.tenant_id = p_tenant and x.digest = send_facts_v1.digest;
  if v_policy is null then digest := null; end if;
  unapproved := v_stage is distinct from 'sandbox' and (coalesce(unapproved, true) or exists (
    select from bundle_claim b where b.tenant_id = p_tenant and b.digest = send_facts_v1.digest
       and b.claim_digest = any (o.claim_digests) and not b.approved));
  local_day := (p_now at time zone (v_policy ->> 'timezone'))::date;

  -- Kill: read plainly, so that it never waits for us.
  select * into v_kill from kill_now_v1(p_tenant);
  kill_epoch := v_kill.epoch;
  if v_kill.scope is distinct from 'none' then
    facts := facts || case v_kill.scope when 'machine' then 'kill_machine' else 'kill_everything' end;
  elsif o.kill_waited then
    facts := facts || 'kill_lifted'::text;
  end if;

  -- Opt-out: on the contact, on the tenant's suppression list, or said to any tenant of the organisation.
  perform set_config('app.every', 'on', true);
  select max(at) into v_stopped_at from (
    select c.opted_out_at as at
    union all
    select s.at from identity i join suppression s on s.tenant_id = i.tenant_id and s.blind = i.suppression_blind
     where i.tenant_id = p_tenant and i.contact_id = c.contact_id
    union all
    select s.at from identity i join tenant t on t.tenant_id = i.tenant_id
      join organisation_suppression s on s.organisation_id = t.organisation_id and s.blind = i.organisation_blind
     where i.tenant_id = p_tenant and i.contact_id = c.contact_id) stops;
  -- How often the organisation wrote first to this person lately: its tenants share the caps.
  select count(*) filter (where (sent.at at time zone (v_policy ->> 'timezone'))::date = local_day), count(*), max(sent.at)
    into v_today, v_month, v_last
    from (select distinct x.id, x.sending_at as at
            from identity mine
            join identity theirs on theirs.organisation_blind = mine.organisation_blind
            join outbox x on x.tenant_id = theirs.tenant_id and x.contact_id = theirs.contact_id
           where mine.tenant_id = p_tenant and mine.contact_id = c.contact_id
             and x.send_class = 'proactive' and x.state in ('sending', 'sent', 'unknown')
             and x.sending_at > p_now - interval '30 days' and x.id <> o.id) sent;
  select x.sending_at into v_oldest
    from identity mine
    join identity theirs on theirs.organisation_blind = mine.organisation_blind
    join outbox x on x.tenant_id = theirs.tenant_id and x.contact_id = theirs.contact_id
   where mine.tenant_id = p_tenant and mine.contact_id = c.contact_id
     and x.send_class = 'proactive' and x.state in ('sending', 'sent', 'unknown')
     and x.sending_at > p_now - interval '30 days' and x.id <> o.id
   order by x.sending_at desc offset greatest(coalesce((v_policy ->> 'proactive_per_30_days')::int, 0) - 1, 0) limit 1;
  perform set_config('app.every', '', true);

  if v_stopped_at is not null then
    facts := facts || 'opted_out'::text;
  end if;
  if exists (select from inbox i where i.tenant_id = p_tenant and i.conversation_id = o.conversation_id and i.seq = o.answers_seq
               and (i.received_at > v_stopped_at or (i.received_at = v_stopped_at and exists (
                 select from inbox s where s.tenant_id = p_tenant and s.conversation_id = o.conversation_id
                    and s.received_at = v_stopped_at and s.stop_scope is not null and s.seq < i.seq)))) then
    flags := flags || 'answers_after_stop'::text;
  end if;
  if exists (select from conversation x join inbox i using (tenant_id, conversation_id)
              where x.tenant_id = p_tenant and x.contact_id = c.contact_id and i.received_at > v_stopped_at)
     or exists (select from case_file f where f.tenant_id = p_tenant and f.contact_id = c.contact_id and f.state = 'open') then
    flags := flags || 'after_stop_or_case'::text;
  end if;
  if not exists (select from outbox x where x.tenant_id = p_tenant and x.contact_id = c.contact_id
                   and x.send_class = 'confirmation' and x.state in ('sending', 'sent', 'unknown') and x.id <> o.id
                   and x.sending_at >= v_stopped_at) then
    flags := flags || 'first_confirmation'::text;
  end if;

  -- Who wrote, when, and whether we have read it.
  select max(q.last_inbound_at), coalesce(bool_or(q.last_seq > q.done_seq), false) into v_inbound_at, v_unprocessed
    from conversation x join conversation_queue q using (tenant_id, conversation_id)
   where x.tenant_id = p_tenant and x.contact_id = c.contact_id;
  if v_inbound_at is not null then
    flags := flags || 'wrote_first'::text;
  end if;
  if (case when o.send_class in ('proactive', 'service') then v_unprocessed else v_queue.last_seq > v_queue.done_seq end) then
    facts := facts || 'newer_inbound'::text;
  end if;
  if o.channel like 'whatsapp%' and coalesce(
       v_queue.last_inbound_at <= p_now - make_interval(hours => (v_policy ->> 'window_hours')::int), true) then
    facts := facts || 'window_shut'::text;
  end if;

  -- Consent: names this sender, this channel and, for what we start, this purpose; not withdrawn since; and not too old for
  -- a first contact. 'any' (for a withdrawal also 'all') stands for every channel or purpose.
  select coalesce(bool_or(true), false), coalesce(bool_or(g.at > c.struck_out_at), false) into v_consent, v_fresh_consent
    from consent_event g join tenant t on t.tenant_id = g.tenant_id
   where g.tenant_id = p_tenant and g.contact_id = c.contact_id and g.kind in ('granted', 'resumed')
     and lower(g.sender) in (lower(t.slug), lower(t.name))
     and g.channel in (o.channel, split_part(o.channel, '_', 1), 'any')
     and (o.send_class not in ('proactive', 'service') or g.purpose in (coalesce(o.purpose, o.send_class), 'any'))
     and g.at <= p_now
     and (g.at > p_now - make_interval(days => (v_policy ->> 'consent_max_age_days')::int)
          or v_inbound_at > g.at or c.last_proactive_at > g.at)
     and not exists (select from consent_event w where w.tenant_id = p_tenant and w.contact_id = c.contact_id
                       and w.kind = 'withdrawn' and w.at >= g.at
                       and w.channel in (g.channel, o.channel, split_part(o.channel, '_', 1), 'any')
                       and w.purpose in (g.purpose, 'any', 'all'));
  if not v_consent then
    facts := facts || 'no_consent'::text;
  end if;
  if exists (select from hold h where h.tenant_id = p_tenant and h.contact_id = c.contact_id and h.cleared_at is null) then
    facts := facts || 'hold'::text;
  end if;
  if v_conversation.human_owner is not null then
    facts := facts || 'human_owns'::text;
  end if;

  -- Three unanswered messages end it for ever, also if the person writes later; only a newer consent lifts it. A message
  -- is answered by what arrives before the next one could have gone out.
  select count(*) into strikes from outbox x
   where x.tenant_id = p_tenant and x.contact_id = c.contact_id and x.send_class = 'proactive' and x.id <> o.id
     and x.state in ('sending', 'sent', 'unknown') and x.sending_at > coalesce(v_inbound_at, '-infinity');
  select count(*), min(x.sending_at), max(x.sending_at) into v_run, v_run_from, v_run_to
    from (select y.sending_at from outbox y
           where y.tenant_id = p_tenant and y.contact_id = c.contact_id and y.send_class = 'proactive' and y.id <> o.id
             and y.state in ('sending', 'sent', 'unknown')
             and not (v_fresh_consent and y.sending_at <= c.struck_out_at)
           order by y.sending_at desc limit (v_policy ->> 'strikes')::int) x;
  struck := coalesce(v_run >= (v_policy ->> 'strikes')::int, true) and not exists (
    select from conversation x join inbox i using (tenant_id, conversation_id)
     where x.tenant_id = p_tenant and x.contact_id = c.contact_id and i.received_at > v_run_from
       and i.received_at <= v_run_to + make_interval(hours => greatest((v_policy ->> 'min_gap_hours')::int, 24)));
  if struck or (c.struck_out_at is not null and not v_fresh_consent) then
    facts := facts || 'three_strikes'::text;
  end if;

  -- The clock.
  select * into v_hours from send_hours_v1(v_policy, p_now);
  opens := v_hours.opens;
  v_page_open := o.channel = 'webchat' and coalesce(
    greatest(v_conversation.page_seen_at, v_queue.last_inbound_at) > p_now - interval '120 seconds', false);
  if v_page_open and (v_hours.in_hours is not true or v_hours.quiet_day is not false) then
    facts := facts || 'quiet_page_open'::text;
  else
    if v_hours.in_hours is not true then facts := facts || 'quiet_hours'::text; end if;
    if v_hours.quiet_day is not false then facts := facts || 'quiet_day'::text; end if;
  end if;
  if coalesce(v_today >= (v_policy ->> 'proactive_per_day')::int, true)
     or coalesce(v_month >= (v_policy ->> 'proactive_per_30_days')::int, true)
     or v_last > p_now - make_interval(hours => coalesce((v_policy ->> 'min_gap_hours')::int, 0)) then
    facts := facts || 'frequency_cap'::text;
    frequency_free := greatest(
      case when v_today >= (v_policy ->> 'proactive_per_day')::int
           then (local_day + 1 + make_interval(mins => (v_policy ->> 'open_minute')::int)) at time zone (v_policy ->> 'timezone') end,
      v_last + make_interval(hours => (v_policy ->> 'min_gap_hours')::int),
      case when v_month >= (v_policy ->> 'proactive_per_30_days')::int then v_oldest + interval '30 days' end,
      p_now + interval '1 minute');
  end if;

  -- The money.
  spend_cap := (v_policy ->> 'spend_pence_per_day')::bigint * 1000000;
  select coalesce(sum(s.spent_micropence), 0) into v_spent from spend_shard s where s.tenant_id = p_tenant and s.day = (p_now at time zone 'UTC')::date;
  select coalesce(sum(s.spent_micropence), 0) into v_contact_spent from spend_contact s
   where s.tenant_id = p_tenant and s.day = (p_now at time zone 'UTC')::date and s.contact_id = c.contact_id;
  if coalesce(v_spent >= spend_cap, true)
     or coalesce(v_contact_spent + send_price_v1(o.send_class, o.channel)
                 > (v_policy ->> 'spend_pence_per_contact_per_day')::bigint * 1000000, true) then
    facts := facts || 'spend_cap'::text;
  end if;

  -- The words: each claim must be in the bundle in force, on its dates, and not withdrawn, by digest.
  if exists (select from unnest(o.claim_digests) d where
               exists (select from claim_withdrawal w where w.tenant_id = p_tenant and w.claim_digest = d)
               or not exists (select from bundle_claim b where b.tenant_id = p_tenant and b.digest = send_facts_v1.digest
                                and b.claim_digest = d and b.effective <= local_day
                                and (b.expires is null or b.expires > local_day))) then
    facts := facts || 'claim_gone'::text;
  end if;
  if not o.has_link then flags := flags || 'no_link'::text; end if;
  if not o.has_ask then flags := flags || 'no_ask'::text; end if;
  if o.template is not null then flags := flags || 'template'::text; end if;

  numbers := jsonb_build_object('strikes', strikes, 'today', v_today, 'month', v_month, 'spent_micropence', v_spent);
end $$;

-- ---- money ----------------------------------------------------------------------------------------------------------

-- Takes an amount from the day's money, and says whether there was enough. A shard spends what it was granted and asks
-- for a slice when that is gone; when nothing is left to grant, what other shards still hold may be used.
create function spend_take_v1(
  p_tenant int, p_day date, p_contact uuid, p_amount bigint, p_cap bigint
) returns boolean language plpgsql volatile as $$
declare
  v_shard smallint := (hashtext(p_contact::text) & 15)::smallint;
  v_slice bigint;
begin
  update spend_shard s set spent_micropence = s.spent_micropence + p_amount
   where s.tenant_id = p_tenant and s.day = p_day and s.shard = v_shard
     and s.granted_micropence - s.spent_micropence >= p_amount;
  if not found then
    insert into spend_day (tenant_id, day) values (p_tenant, p_day) on conflict do nothing;
    select least(greatest(p_amount, p_cap / 64), p_cap - d.granted_micropence) into v_slice
      from spend_day d where d.tenant_id = p_tenant and d.day = p_day for update;
    if v_slice >= p_amount then
      update spend_day d set granted_micropence = d.granted_micropence + v_slice where d.tenant_id = p_tenant and d.day = p_day;
      insert into spend_shard as s (tenant_id, day, shard, granted_micropence, spent_micropence)
      values (p_tenant, p_day, v_shard, v_slice, p_amount)
      on conflict (tenant_id, day, shard) do update
        set granted_micropence = s.granted_micropence + excluded.granted_micropence,
            spent_micropence = s.spent_micropence + excluded.spent_micropence;
    else
      update spend_shard s set spent_micropence = s.spent_micropence + p_amount
       where (s.tenant_id, s.day, s.shard) = (
         select x.tenant_id, x.day, x.shard from spend_shard x
          where x.tenant_id = p_tenant and x.day = p_day and x.granted_micropence - x.spent_micropence >= p_amount
          order by x.shard for update skip locked limit 1);
      if not found then
        return false;
      end if;
    end if;
  end if;
  insert into spend_contact as s (tenant_id, day, contact_id, spent_micropence) values (p_tenant, p_day, p_contact, p_amount)
  on conflict (tenant_id, day, contact_id) do update set spent_micropence = s.spent_micropence + excluded.spent_micropence;
  return true;
end $$;

-- ---- the last look --------------------------------------------------------------------------------------------------

-- Work for a human. One open case of a kind per conversation is enough: a second reason does not open a second.
create function send_case_v1(
  p_tenant int, p_conversation uuid, p_contact uuid, p_kind text, p_reason text, p_priority int, p_page boolean, p_now timestamptz
) returns uuid language plpgsql volatile as $$
declare
  v_id uuid;
begin
  select f.id into v_id from case_file f
   where f.tenant_id = p_tenant and f.contact_id = p_contact and f.state = 'open' and f.kind = p_kind
     and f.conversation_id is not distinct from p_conversation and (f.page or not p_page);
  if v_id is null then
    v_id := gen_random_uuid();
    insert into case_file (tenant_id, id, ref, conversation_id, contact_id, kind, reason, priority, page, opened_at, opened_by)
    values (p_tenant, v_id, 'S-' || upper(left(replace(v_id::text, '-', ''), 12)), p_conversation, p_contact, p_kind, p_reason,
            p_priority, p_page, p_now, 'send');
    insert into event (tenant_id, id, at, kind, conversation_id, contact_id, data)
    values (p_tenant, gen_random_uuid(), p_now, case when p_page then 'alert' else 'case_opened' end, p_conversation, p_contact,
            jsonb_build_object('case', v_id, 'kind', p_kind, 'reason', p_reason));
  end if;
  return v_id;
end $$;

-- Compose again: this row and the later answers of its conversation that still wait are superseded, and the messages they
-- answered become unprocessed. The fence rises, so a turn under way on the old state cannot commit. False: there is no
-- turn behind the row, or it was composed again too often; a human has to look.
create function send_redo_v1(p_tenant int, p_outbox uuid, p_rule text, p_row int, p_now timestamptz) returns boolean
language plpgsql volatile as $$
declare
  o outbox;
  v_from bigint;
  v_before int;
begin
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox;
  select count(distinct x.created_at) into v_before from outbox x
   where x.tenant_id = p_tenant and x.conversation_id = o.conversation_id and x.decided_effect = 'redo'
     and x.state = 'superseded' and x.settled_at > p_now - interval '10 minutes';
  select min(t.from_seq) into v_from
    from turn t
   where t.tenant_id = p_tenant and t.conversation_id = o.conversation_id and t.upto_seq >= o.upto_seq;
  if v_from is null or v_before >= 5 then
    return false;
  end if;
  update outbox x
     set state = 'superseded', settled_at = p_now, decided_effect = 'redo', decided_rule = p_rule, decided_row = p_row,
         decided_at = p_now
   where x.tenant_id = p_tenant and x.conversation_id = o.conversation_id and x.state = 'pending'
     and (x.id = o.id or (x.upto_seq >= o.upto_seq and x.send_class in ('reply', 'service')));
  -- Each time in a row a little later: a claim that one process still says and another has withdrawn must not spin.
  update conversation_queue q
     set done_seq = least(q.done_seq, v_from), fence = q.fence + 1, owner = null, attempts = 0,
         ready_at = p_now + make_interval(secs => v_before)
   where q.tenant_id = p_tenant and q.conversation_id = o.conversation_id;
  return true;
end $$;

-- Decides about one due row and carries the decision out, in one transaction. Returns no row when somebody else has it,
-- it is not due, or an earlier row of its conversation goes first. Effect `send`: the row is `sending`, ours until the
-- lease ends, and what is to be delivered is in the other columns.
create function last_look_v1(p_tenant int, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamptz)
returns table (
  effect text, rule text, row_no int, kill_epoch bigint, lease_until timestamptz, key text, connection_id text, channel text,
  contact_id uuid, wrapped_key bytea, body bytea, template text, identity_id uuid, identity_kind text, identity_value bytea
)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  o outbox;
  f record;
  d record;
  v_facts text[];
  v_effect text;
  v_until timestamptz;
  v_cost bigint;
  v_position bigint;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox and x.state = 'pending' and x.due_at <= p_now;
  if not found then
    return;
  end if;

  -- look:lock
  perform from conversation_queue q
    where q.tenant_id = p_tenant and q.conversation_id = o.conversation_id for no key update;
  perform from contact c where c.tenant_id = p_tenant and c.contact_id = o.contact_id for no key update;
  select * into o from outbox x
   where x.tenant_id = p_tenant and x.id = p_outbox and x.state = 'pending' and x.due_at <= p_now for no key update;
  if not found or exists (
       select from outbox x
        where x.tenant_id = p_tenant and x.conversation_id = o.conversation_id and x.n < o.n
          and x.state in ('pending', 'sending') and send_rank_v1(x.send_class) <= send_rank_v1(o.send_class)) then
    return;
  end if;
  -- look:read, in a statement that begins after the locks are ours
  select * into f from send_facts_v1(p_tenant, p_outbox, p_now);
  -- look:end

  v_facts := f.facts;
  if f.digest is null or not f.reachable then
    select 'refuse' as effect, 'R-TABLE-1' as rule, null::int as row_no, '{}'::text[] as until, '{}'::text[] as notes into d;
  elsif f.unapproved then
    select 'refuse' as effect, 'R-PERIM-3' as rule, null::int as row_no, '{}'::text[] as until, '{}'::text[] as notes into d;
  else
    select * into d from send_decide_v1(p_tenant, f.digest, v_facts, f.flags, o.send_class, o.channel);
    v_cost := send_price_v1(o.send_class, o.channel);
    if d.effect in ('send', 'template') and v_cost > 0
       and not spend_take_v1(p_tenant, (p_now at time zone 'UTC')::date, o.contact_id, v_cost, f.spend_cap) then
      v_facts := v_facts || 'spend_cap'::text;
      select * into d from send_decide_v1(p_tenant, f.digest, v_facts, f.flags, o.send_class, o.channel);
      v_cost := 0;
    end if;
  end if;
  v_effect := case d.effect when 'template' then 'send' else d.effect end;
  if f.struck then
    update contact c set struck_out_at = p_now, strikes = f.strikes, ver = c.ver + 1
     where c.tenant_id = p_tenant and c.contact_id = o.contact_id;
  end if;

  if v_effect = 'redo' and not send_redo_v1(p_tenant, p_outbox, d.rule, d.row_no, p_now) then
    v_effect := 'case';
  end if;
  if v_effect in ('defer', 'pause') then
    select max(case w
        when 'open' then f.opens
        when 'processed' then p_now + interval '5 seconds'
        when 'frequency' then coalesce(f.frequency_free, p_now + interval '1 hour')
        when 'spend' then (f.local_day + 1 + make_interval(mins => (p.body ->> 'open_minute')::int)) at time zone (p.body ->> 'timezone')
        when 'kill' then p_now + interval '365 days' end)  -- the enabling pulls it forward
      into v_until
      from unnest(d.until) w, policy p where p.tenant_id = p_tenant and p.digest = f.digest;
  end if;

  case v_effect
    when 'send' then
      if o.channel = 'webchat' and o.position is null then
        update conversation_queue q set lines = q.lines + 1
         where q.tenant_id = p_tenant and q.conversation_id = o.conversation_id returning q.lines into v_position;
      end if;
      update outbox x
         set state = 'sending', owner = p_owner, lease_until = p_now + make_interval(secs => p_lease_s), sending_at = p_now,
             attempts = x.attempts + 1, position = coalesce(x.position, v_position), cost_micropence = coalesce(v_cost, 0),
             cost_day = (p_now at time zone 'UTC')::date, kill_waited = false
       where x.tenant_id = p_tenant and x.id = p_outbox;
    when 'defer', 'pause' then
      update outbox x
         set due_at = coalesce(v_until, p_now + interval '1 hour'),
             kill_waited = x.kill_waited or v_facts && array['kill_machine', 'kill_everything']
       where x.tenant_id = p_tenant and x.id = p_outbox;
    when 'drop' then
      update outbox x set state = 'superseded', settled_at = p_now where x.tenant_id = p_tenant and x.id = p_outbox;
    when 'redo' then
      null;
    when 'refuse', 'case', 'page' then
      update outbox x set state = 'dead', settled_at = p_now where x.tenant_id = p_tenant and x.id = p_outbox;
      if v_effect <> 'refuse' or o.send_class = 'safety' then
        perform send_case_v1(p_tenant, o.conversation_id, o.contact_id, 'not_sent', d.rule,
          case when o.send_class = 'safety' then 0 else 1 end, v_effect = 'page' or o.send_class = 'safety', p_now);
      end if;
  end case;
  update outbox x
     set decided_rule = d.rule, decided_row = d.row_no, decided_effect = v_effect, decided_at = p_now, kill_epoch = f.kill_epoch
   where x.tenant_id = p_tenant and x.id = p_outbox;

  insert into outbox_decision (tenant_id, id, outbox_id, at, effect, rule, row_no, until, contact_ver, facts)
  values (p_tenant, gen_random_uuid(), p_outbox, p_now, v_effect, d.rule, d.row_no, v_until, f.contact_ver,
          jsonb_build_object('facts', v_facts, 'flags', f.flags, 'notes', d.notes, 'numbers', f.numbers, 'bundle', f.digest));
  perform audit_append_v1(p_tenant, 'send/' || o.conversation_id, gen_random_uuid(), p_now,
    jsonb_build_object('what', 'decision', 'outbox', p_outbox, 'class', o.send_class, 'effect', v_effect, 'rule', d.rule,
                       'row', d.row_no, 'facts', v_facts, 'flags', f.flags, 'bundle', f.digest, 'kill_epoch', f.kill_epoch,
                       'claims', o.claim_digests), ''::bytea);

  return query
    select v_effect, d.rule::text, d.row_no::int, f.kill_epoch::bigint, x.lease_until, x.key, x.connection_id, x.channel, c.contact_id,
           c.wrapped_key, x.body, x.template, i.identity_id, i.kind, i.ciphertext
      from outbox x
      join contact c on c.tenant_id = x.tenant_id and c.contact_id = x.contact_id
      left join lateral (
        select y.identity_id, y.kind, y.ciphertext from identity y
         where y.tenant_id = x.tenant_id and y.contact_id = x.contact_id
           and y.kind = any (send_identities_v1(x.channel))
         order by array_position(send_identities_v1(x.channel), y.kind), y.created_at desc limit 1) i on true
     where x.tenant_id = p_tenant and x.id = p_outbox;
end $$;

-- ---- before and after the call --------------------------------------------------------------------------------------

-- Rows that may be looked at now, by tenant in turn: each waiting tenant gets its slice, what is left over goes to whoever
-- has waited longest. p_after: the tenant served last, so that the next call goes on from there.
create function send_due_v1(p_limit int, p_after int, p_now timestamptz)
returns table (tenant_id int, id uuid) language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('app.every', 'on', true);
  return query
    with recursive after as (
      (select o.tenant_id, 1 as k from outbox o where o.state = 'pending' and o.tenant_id > p_after order by o.tenant_id limit 1)
      union all
      select (select o.tenant_id from outbox o where o.state = 'pending' and o.tenant_id > a.tenant_id order by o.tenant_id limit 1),
             a.k + 1
        from after a where a.tenant_id is not null and a.k < p_limit
    ), round as (
      (select o.tenant_id, 1 as k from outbox o where o.state = 'pending' order by o.tenant_id limit 1)
      union all
      select (select o.tenant_id from outbox o
               where o.state = 'pending' and o.tenant_id > a.tenant_id and o.tenant_id <= p_after order by o.tenant_id limit 1),
             a.k + 1
        from round a where a.tenant_id is not null and a.k < p_limit
    ), waiting as (
      select a.tenant_id, min(a.turn) as turn from (
        select a.tenant_id, a.k as turn from after a where a.tenant_id is not null
        union all
        select r.tenant_id, p_limit + r.k from round r where r.tenant_id is not null) a
      group by a.tenant_id order by min(a.turn) limit p_limit
    ), slice as (
      select s.tenant_id, s.id, s.due_at, w.turn, s.nth
        from waiting w
        cross join lateral (
          select o.tenant_id, o.id, o.due_at, row_number() over (order by o.due_at) as nth from (
            select x.tenant_id, x.id, x.due_at from outbox x
             where x.tenant_id = w.tenant_id and x.state = 'pending' and x.due_at <= p_now
               and not exists (select from outbox e
                                where e.tenant_id = x.tenant_id and e.conversation_id = x.conversation_id and e.n < x.n
                                  and e.state in ('pending', 'sending')
                                  and send_rank_v1(e.send_class) <= send_rank_v1(x.send_class))
             order by x.due_at limit p_limit) o) s
    )
    select s.tenant_id, s.id from slice s
     order by s.nth > greatest(1, p_limit / greatest(1, (select count(distinct y.tenant_id) from slice y))),
              case when s.nth > greatest(1, p_limit / greatest(1, (select count(distinct y.tenant_id) from slice y)))
                   then s.due_at end,
              s.turn, s.nth
     limit p_limit;
  perform set_config('app.every', '', true);
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

-- The person has now been shown these claims, or may have been.
create function send_shown_v1(p_tenant int, p_outbox uuid, p_now timestamptz) returns void language sql volatile as $$
  insert into shown as s (tenant_id, contact_id, claim_id, claim_digest, conversation_id, outbox_id, shown_at)
  select o.tenant_id, o.contact_id, c.claim_id, max(c.claim_digest), o.conversation_id, o.id, p_now
    from outbox o cross join lateral unnest(o.claims, o.claim_digests) as c (claim_id, claim_digest)
   where o.tenant_id = p_tenant and o.id = p_outbox and c.claim_id is not null
   group by o.tenant_id, o.contact_id, c.claim_id, o.conversation_id, o.id
  on conflict (tenant_id, contact_id, claim_id) do update
    set claim_digest = excluded.claim_digest, conversation_id = excluded.conversation_id, outbox_id = excluded.outbox_id,
        shown_at = excluded.shown_at
$$;

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
  perform send_shown_v1(p_tenant, p_outbox, p_now);
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
  v_count int := 0;
begin
  perform set_config('app.every', 'on', true);
  for r in
    select x.tenant_id, x.id, x.conversation_id, x.channel, x.status from outbox x
     where x.state = 'sending' and x.lease_until <= p_now
     order by x.tenant_id, x.id limit 500 for no key update skip locked
  loop
    v_state := case when r.status in ('sent', 'delivered', 'read') then 'sent'
                    when r.channel = any (p_deduplicating) then 'pending' else 'unknown' end;
    update outbox x
       set state = v_state, owner = null, lease_until = null,
           due_at = case when v_state = 'pending' then p_now else x.due_at end,
           settled_at = case when v_state = 'pending' then null else p_now end
     where x.tenant_id = r.tenant_id and x.id = r.id;
    if v_state <> 'pending' then
      perform send_sent_v1(r.tenant_id, r.id, p_now);
    else
      perform send_refund_v1(r.tenant_id, r.id);
    end if;
    perform audit_append_v1(r.tenant_id, 'send/' || r.conversation_id, gen_random_uuid(), p_now,
      jsonb_build_object('what', 'swept', 'outbox', r.id, 'state', v_state), ''::bytea);
    v_count := v_count + 1;
  end loop;
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
