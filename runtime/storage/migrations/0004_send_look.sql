-- The last look at one row: locked, then read, then decided and carried out, in one transaction.

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
-- answered become unprocessed; what was answered later and has left stays answered. The fence rises, so a turn under way on the old state cannot commit. False: there is no
-- turn behind the row, or it was composed again too often; a human has to look.
create function send_redo_v1(p_tenant int, p_outbox uuid, p_rule text, p_row int, p_now timestamptz) returns boolean
language plpgsql volatile as $$
declare
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
     and x.state = 'superseded' and x.settled_at > p_now - interval '10 minutes';
  select min(t.from_seq) into v_from
    from turn t
   where t.tenant_id = p_tenant and t.conversation_id = o.conversation_id and t.upto_seq between o.upto_seq and v_upto;
  if v_from is null or v_before >= 5 then
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
  v_blind bytea;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox and x.state = 'pending' and x.due_at <= p_now;
  if not found then
    return;
  end if;

  -- The tenants of an organisation share the caps, and none of them locks the other's contact: who writes first to a person
  -- does it one after the other. Held to the end, and taken before every other lock.
  if o.send_class = 'proactive' then
    for v_blind in select i.organisation_blind from identity i
                    where i.tenant_id = p_tenant and i.contact_id = o.contact_id order by i.organisation_blind loop
      perform pg_advisory_xact_lock(hashtextextended('convo proactive ' || encode(v_blind, 'hex'), 0));
    end loop;
  end if;

  -- look:lock
  perform from conversation_queue q
    where q.tenant_id = p_tenant and q.conversation_id = o.conversation_id for no key update;
  perform from contact c where c.tenant_id = p_tenant and c.contact_id = o.contact_id for no key update;
  select * into o from outbox x
   where x.tenant_id = p_tenant and x.id = p_outbox and x.state = 'pending' and x.due_at <= p_now for no key update;
  if not found or send_blocked_v1(o) then
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
    v_cost := f.price;
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
      perform send_stop_rest_v1(p_tenant, p_outbox, p_now);
      if v_effect <> 'refuse' or o.send_class <> 'proactive' then
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
