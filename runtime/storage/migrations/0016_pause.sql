-- A pause: somebody asked to be left alone for a while, so nothing is started with them until then.

alter table contact add column paused_until timestamptz;

-- As commit_turn_v1, with the pause a turn came to (p_turn -> pause_until); a pause is never shortened by a later one.
create function commit_turn_v2(
  p_tenant int, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamptz, p_turn jsonb,
  p_sends jsonb, p_send_id uuid[], p_send_body bytea[], p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[],
  p_holds jsonb, p_cases jsonb, p_counts jsonb, p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea
) returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not commit_turn_v1(p_tenant, p_conversation, p_fence, p_upto, p_now, p_turn, p_sends, p_send_id, p_send_body, p_answers,
                        p_answer_id, p_answer_ciphertext, p_holds, p_cases, p_counts, p_audit_id, p_audit_header, p_audit_body) then
    return false;
  end if;
  if p_turn ->> 'pause_until' is not null then
    update contact c set paused_until = greatest(c.paused_until, (p_turn ->> 'pause_until')::timestamptz), ver = c.ver + 1
      from conversation x
     where x.tenant_id = p_tenant and x.conversation_id = p_conversation
       and c.tenant_id = x.tenant_id and c.contact_id = x.contact_id;
  end if;
  return true;
end $$;

-- What keeps a row back before the table is asked: somebody at the desk is writing to the person (R-WA-3), or the person asked
-- for a pause and the row would start something (R-FREQ-1). Empty when nothing does. Read without a lock: whoever begins to
-- write in the instant an answer leaves could not have kept it back either.
create function send_waits_v1(p_tenant int, p_outbox uuid, p_now timestamptz, out until timestamptz, out rule text, out fact text)
returns setof record language sql stable set search_path = public, pg_temp as $$
  select w.until, w.rule, w.fact
    from outbox o
    join conversation_queue q on q.tenant_id = o.tenant_id and q.conversation_id = o.conversation_id
    join contact c on c.tenant_id = o.tenant_id and c.contact_id = o.contact_id
    cross join lateral (values
      (case when o.send_class in ('reply', 'service', 'proactive') then q.typing_until end, 'R-WA-3', 'human_typing'),
      (case when o.send_class in ('service', 'proactive') then c.paused_until end, 'R-FREQ-1', 'paused')) w (until, rule, fact)
   where o.tenant_id = p_tenant and o.id = p_outbox and o.author = 'bot' and w.until > p_now
   order by w.until desc limit 1
$$;

-- As last_look_v2, with the pause.
create function last_look_v3(p_tenant int, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamptz)
returns table (
  effect text, rule text, row_no int, kill_epoch bigint, lease_until timestamptz, key text, connection_id text, channel text,
  contact_id uuid, wrapped_key bytea, body bytea, template text, identity_id uuid, identity_kind text, identity_value bytea
)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  o outbox;
  w record;
  v_epoch bigint;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select * into w from send_waits_v1(p_tenant, p_outbox, p_now);
  if not found then
    return query select * from last_look_v1(p_tenant, p_outbox, p_owner, p_lease_s, p_now);
    return;
  end if;
  select k.epoch into v_epoch from kill_now_v1(p_tenant) k;
  perform from outbox x join contact c on c.tenant_id = x.tenant_id and c.contact_id = x.contact_id
    where x.tenant_id = p_tenant and x.id = p_outbox for no key update of c;
  update outbox x
     set due_at = w.until, decided_rule = w.rule, decided_row = null, decided_effect = 'defer', decided_at = p_now,
         kill_epoch = v_epoch
   where x.tenant_id = p_tenant and x.id = p_outbox and x.state = 'pending' and x.due_at <= p_now
  returning * into o;
  if not found then
    return;
  end if;
  insert into outbox_decision (tenant_id, id, outbox_id, at, effect, rule, until, contact_ver, facts)
  select p_tenant, gen_random_uuid(), p_outbox, p_now, 'defer', w.rule, w.until, c.ver,
         jsonb_build_object('facts', array[w.fact], 'flags', '{}'::text[], 'notes', '{}'::text[], 'bundle', o.bundle)
    from contact c where c.tenant_id = p_tenant and c.contact_id = o.contact_id;
  perform audit_append_v1(p_tenant, 'send/' || o.conversation_id, gen_random_uuid(), p_now,
    jsonb_build_object('what', 'decision', 'outbox', p_outbox, 'class', o.send_class, 'effect', 'defer', 'rule', w.rule,
                       'row', null, 'facts', array[w.fact], 'flags', '{}'::text[], 'bundle', o.bundle,
                       'kill_epoch', v_epoch, 'claims', o.claim_digests), ''::bytea);
  return query
    select 'defer'::text, w.rule::text, null::int, v_epoch, null::timestamptz, o.key, o.connection_id, o.channel, o.contact_id,
           null::bytea, null::bytea, null::text, null::uuid, null::text, null::bytea;
end $$;

grant execute on function last_look_v3(int, uuid, text, double precision, timestamptz) to convo_tenant;
grant execute on function
  commit_turn_v2(int, uuid, bigint, bigint, timestamptz, jsonb, jsonb, uuid[], bytea[], text[], uuid[], bytea[], jsonb, jsonb,
                 jsonb, uuid, jsonb, bytea)
to convo_tenant;
