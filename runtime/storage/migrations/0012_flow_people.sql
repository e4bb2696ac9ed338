-- People beside the machine: somebody writing at the desk keeps it quiet, and a conversation that is handed back says when.

alter table conversation add column handed_back_at timestamptz; -- when a person last gave it back

-- Somebody at the desk is writing to this person: until then no turn begins here and no answer of the machine's leaves.
create function typing_v1(p_tenant int, p_conversation uuid, p_until timestamptz) returns boolean
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  update conversation_queue q set typing_until = greatest(q.typing_until, p_until)
   where q.tenant_id = p_tenant and q.conversation_id = p_conversation;
  return found;
end $$;

-- As before. The machine learns that it was handed back, and what it counted before a person dealt with it counts no more:
-- else the next small thing would be the third, and the conversation would go straight back.
create or replace function hand_back_v1(
  p_tenant int, p_conversation uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamptz
) returns boolean language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  update conversation_queue q
     set ready_at = coalesce(q.ready_at, case when q.last_seq > q.done_seq then p_now end), typing_until = null
   where q.tenant_id = p_tenant and q.conversation_id = p_conversation;
  update conversation c set human_owner = null, human_since = null, mode = 'bot', handed_back_at = p_now
   where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  if not found then
    return false;
  end if;
  update signal_count s set n = 0 where s.tenant_id = p_tenant and s.conversation_id = p_conversation;
  perform desk_audit_v1(p_tenant, 'handed back', p_by,
    jsonb_build_object('conversation', p_conversation), p_now, p_entry, p_reason);
  return true;
end $$;

-- last_look_v1, but while somebody at the desk writes to the person an answer of the machine's waits: `defer`, R-WA-3.
-- The wait is read without a lock: who begins to write in the instant an answer leaves could not have kept it back either.
create function last_look_v2(p_tenant int, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamptz)
returns table (
  effect text, rule text, row_no int, kill_epoch bigint, lease_until timestamptz, key text, connection_id text, channel text,
  contact_id uuid, wrapped_key bytea, body bytea, template text, identity_id uuid, identity_kind text, identity_value bytea
)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  o outbox;
  v_until timestamptz;
  v_epoch bigint;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select q.typing_until into v_until
    from outbox x join conversation_queue q on q.tenant_id = x.tenant_id and q.conversation_id = x.conversation_id
   where x.tenant_id = p_tenant and x.id = p_outbox and x.author = 'bot' and x.send_class in ('reply', 'service', 'proactive')
     and q.typing_until > p_now;
  if not found then
    return query select * from last_look_v1(p_tenant, p_outbox, p_owner, p_lease_s, p_now);
    return;
  end if;
  select k.epoch into v_epoch from kill_now_v1(p_tenant) k;
  perform from outbox x join contact c on c.tenant_id = x.tenant_id and c.contact_id = x.contact_id
    where x.tenant_id = p_tenant and x.id = p_outbox for no key update of c;
  update outbox x
     set due_at = v_until, decided_rule = 'R-WA-3', decided_row = null, decided_effect = 'defer', decided_at = p_now,
         kill_epoch = v_epoch
   where x.tenant_id = p_tenant and x.id = p_outbox and x.state = 'pending' and x.due_at <= p_now
  returning * into o;
  if not found then
    return;
  end if;
  insert into outbox_decision (tenant_id, id, outbox_id, at, effect, rule, until, contact_ver, facts)
  select p_tenant, gen_random_uuid(), p_outbox, p_now, 'defer', 'R-WA-3', v_until, c.ver,
         jsonb_build_object('facts', array['human_typing'], 'flags', '{}'::text[], 'notes', '{}'::text[], 'bundle', o.bundle)
    from contact c where c.tenant_id = p_tenant and c.contact_id = o.contact_id;
  perform audit_append_v1(p_tenant, 'send/' || o.conversation_id, gen_random_uuid(), p_now,
    jsonb_build_object('what', 'decision', 'outbox', p_outbox, 'class', o.send_class, 'effect', 'defer', 'rule', 'R-WA-3',
                       'row', null, 'facts', array['human_typing'], 'flags', '{}'::text[], 'bundle', o.bundle,
                       'kill_epoch', v_epoch, 'claims', o.claim_digests), ''::bytea);
  return query
    select 'defer'::text, 'R-WA-3'::text, null::int, v_epoch, null::timestamptz, o.key, o.connection_id, o.channel, o.contact_id,
           null::bytea, null::bytea, null::text, null::uuid, null::text, null::bytea;
end $$;

grant execute on function typing_v1(int, uuid, timestamptz) to convo_desk;
grant execute on function last_look_v2(int, uuid, text, double precision, timestamptz) to convo_tenant;
