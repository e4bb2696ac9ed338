-- What the last look knows: every fact the send table may ask about one row, and the day's money.

-- Everything the table may ask about one outbox row, as of now. Call it only after the locks, in a statement of its own.
-- digest null: no bundle is in force for the connection's stage, or the connection is none of ours.
create function send_facts_v1(
  p_tenant int, p_outbox uuid, p_now timestamptz,
  out facts text[], out flags text[], out digest text, out unapproved boolean, out contact_ver bigint, out kill_epoch bigint,
  out opens timestamptz, out frequency_free timestamptz, out spend_cap bigint, out price bigint, out local_day date, out strikes int,
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
  if (case when o.send_class in ('proactive', 'service') then v_unprocessed
       else v_queue.last_seq > coalesce(upper(v_queue.answered) - 1, v_queue.done_seq) end) then
    facts := facts || 'newer_inbound'::text;
  end if;
  if o.channel like 'whatsapp%' and coalesce(
       v_queue.last_inbound_at <= p_now - make_interval(hours => (v_policy ->> 'window_hours')::int), true) then
    facts := facts || 'window_shut'::text;
  end if;

  -- Consent: names this sender (the tenant or the legal entity behind it), this channel and, for what we start, this purpose; not withdrawn since; and not too old for
  -- a first contact. 'any' (for a withdrawal also 'all') stands for every channel or purpose.
  select coalesce(bool_or(true), false), coalesce(bool_or(g.at > c.struck_out_at), false) into v_consent, v_fresh_consent
    from consent_event g join tenant t on t.tenant_id = g.tenant_id
   where g.tenant_id = p_tenant and g.contact_id = c.contact_id and g.kind in ('granted', 'resumed')
     and lower(btrim(g.sender)) in (lower(t.slug), lower(t.name), lower(nullif(btrim(v_policy ->> 'legal_entity'), '')))
     and g.channel in (o.channel, split_part(o.channel, '_', 1), 'any')
     and (o.send_class not in ('proactive', 'service') or g.purpose in (coalesce(o.purpose, o.send_class), 'any'))
     and g.at <= p_now
     and (g.at > p_now - make_interval(days => (v_policy ->> 'consent_max_age_days')::int)
          or v_inbound_at > g.at or c.last_proactive_at > g.at)
     and not exists (select from consent_event w where w.tenant_id = p_tenant and w.contact_id = c.contact_id
                       and w.kind = 'withdrawn' and w.at >= g.at
                       and w.channel in (g.channel, o.channel, split_part(o.channel, '_', 1), 'any', 'all')
                       and w.purpose in (g.purpose, coalesce(o.purpose, o.send_class), 'any', 'all'));
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
  price := send_price_v1(v_policy, o.send_class, o.channel);
  spend_cap := (v_policy ->> 'spend_pence_per_day')::bigint * 1000000;
  select coalesce(sum(s.spent_micropence), 0) into v_spent from spend_shard s where s.tenant_id = p_tenant and s.day = (p_now at time zone 'UTC')::date;
  select coalesce(sum(s.spent_micropence), 0) into v_contact_spent from spend_contact s
   where s.tenant_id = p_tenant and s.day = (p_now at time zone 'UTC')::date and s.contact_id = c.contact_id;
  if coalesce(v_spent >= spend_cap, true)
     or coalesce(v_contact_spent + price
                 > (v_policy ->> 'spend_pence_per_contact_per_day')::bigint * 1000000, true) then
    facts := facts || 'spend_cap'::text;
  end if;

  -- The words: each claim must be in the bundle in force, on its dates, and not withdrawn, by digest; and to real people it
  -- is said only while an approval of it holds.
  if exists (select from unnest(o.claim_digests) d where
               exists (select from claim_withdrawal w where w.tenant_id = p_tenant and w.claim_digest = d)
               or not exists (select from bundle_claim b where b.tenant_id = p_tenant and b.digest = send_facts_v1.digest
                                and b.claim_digest = d and b.effective <= local_day
                                and (b.expires is null or b.expires > local_day)
                                and (v_stage = 'sandbox' or b.approved_until is null or b.approved_until > local_day))) then
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
