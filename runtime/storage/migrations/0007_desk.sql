-- The desk's way in and what it writes down: one-time links, sessions, who looked at what, and the state of the switches.

-- ---- what every page of the desk asks ---------------------------------------------------------------------------------

create index outbox_stuck on outbox (tenant_id, conversation_id)
  where state in ('unknown', 'failed', 'dead') and discarded_at is null;
create index outbox_recent on outbox (tenant_id, created_at);

-- ---- the way in -----------------------------------------------------------------------------------------------------

-- For convo_owner alone: who may make links may become any operator. Audited with every tenant the link opens.
create function desk_link_make_v1(
  p_token_hash bytea, p_operator text, p_role text, p_tenants int[], p_now timestamptz, p_expires timestamptz
) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_tenant int;
begin
  perform set_config('app.every', 'on', true);
  delete from desk_link l where l.expires_at < p_now - interval '1 day';
  insert into desk_link (token_hash, operator, role, tenants, created_at, expires_at)
  values (p_token_hash, p_operator, p_role, p_tenants, p_now, p_expires);
  for v_tenant in select distinct t from unnest(p_tenants) t order by t loop
    perform audit_append_v1(v_tenant, 'desk/' || v_tenant, gen_random_uuid(), p_now,
      jsonb_build_object('what', 'login link made', 'for', p_operator, 'role', p_role, 'until', p_expires), ''::bytea);
  end loop;
  perform set_config('app.every', '', true);
end $$;

-- What a link would do, without using it up.
create function desk_link_look_v1(p_token_hash bytea)
returns table (operator text, role text, tenants int[], expires_at timestamptz, used_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  return query
  select l.operator, l.role, l.tenants, l.expires_at, l.used_at from desk_link l where l.token_hash = p_token_hash;
  perform set_config('app.every', '', true);
end $$;

-- Uses a link up and opens a session, once: of two tries at the same moment, the row lock lets one win.
-- Returns in, used, expired or unknown. Audited with every tenant the session may see.
create function desk_link_use_v1(
  p_token_hash bytea, p_session_hash bytea, p_csrf_hash bytea, p_now timestamptz, p_expires timestamptz
) returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_link desk_link%rowtype;
  v_tenant int;
begin
  perform set_config('app.every', 'on', true);
  select * into v_link from desk_link l where l.token_hash = p_token_hash for update;
  if not found then return 'unknown'; end if;
  if v_link.used_at is not null then return 'used'; end if;
  if v_link.expires_at <= p_now then return 'expired'; end if;
  update desk_link l set used_at = p_now where l.token_hash = p_token_hash;
  insert into desk_session (token_hash, operator, role, tenants, csrf_hash, created_at, seen_at, expires_at)
  values (p_session_hash, v_link.operator, v_link.role, v_link.tenants, p_csrf_hash, p_now, p_now, p_expires);
  for v_tenant in select distinct t from unnest(v_link.tenants) t order by t loop
    perform audit_append_v1(v_tenant, 'desk/' || v_tenant, gen_random_uuid(), p_now,
      jsonb_build_object('what', 'signed in', 'by', v_link.operator, 'role', v_link.role), ''::bytea);
  end loop;
  perform set_config('app.every', '', true);
  return 'in';
end $$;

-- The session of a cookie, while it lasts; no row otherwise.
create function desk_session_v1(p_token_hash bytea, p_now timestamptz)
returns table (operator text, role text, tenants int[], csrf_hash bytea, expires_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  update desk_session s set seen_at = p_now
  where s.token_hash = p_token_hash and s.ended_at is null and s.expires_at > p_now
    and s.seen_at < p_now - interval '1 minute';
  return query
  select s.operator, s.role, s.tenants, s.csrf_hash, s.expires_at from desk_session s
  where s.token_hash = p_token_hash and s.ended_at is null and s.expires_at > p_now;
  perform set_config('app.every', '', true);
end $$;

create function desk_session_end_v1(p_token_hash bytea, p_now timestamptz)
returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_session desk_session%rowtype;
  v_tenant int;
begin
  perform set_config('app.every', 'on', true);
  update desk_session s set ended_at = p_now where s.token_hash = p_token_hash and s.ended_at is null
  returning * into v_session;
  for v_tenant in select distinct t from unnest(v_session.tenants) t order by t loop
    perform audit_append_v1(v_tenant, 'desk/' || v_tenant, gen_random_uuid(), p_now,
      jsonb_build_object('what', 'signed out', 'by', v_session.operator, 'role', v_session.role), ''::bytea);
  end loop;
  perform set_config('app.every', '', true);
end $$;

-- ---- looking is recorded --------------------------------------------------------------------------------------------

-- Opening a conversation is an entry of the desk's own stream. Returns its number; null: the tenant has no such conversation.
create function desk_look_v1(
  p_tenant int, p_conversation uuid, p_operator text, p_role text, p_id uuid, p_now timestamptz
) returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_n bigint;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  if not exists (select from conversation c where c.tenant_id = p_tenant and c.conversation_id = p_conversation) then
    return null;
  end if;
  perform audit_append_v1(p_tenant, 'desk/' || p_tenant, p_id, p_now,
    jsonb_build_object('what', 'looked', 'conversation', p_conversation, 'by', p_operator, 'role', p_role), ''::bytea);
  select s.n into strict v_n from audit_stream s where s.tenant_id = p_tenant and s.stream = 'desk/' || p_tenant;
  return v_n;
end $$;

-- ---- the switches ---------------------------------------------------------------------------------------------------

-- Two rows: the tenant's own switch, and the platform's, each with the request of the first who wants it lifted, and the
-- entry of the tenant's audit whose body says why.
create function desk_switches_v1(p_tenant int)
returns table (of_all boolean, kill_scope text, killed_by text, killed_at timestamptz, entry uuid, typed bytea,
               requested_by text, requested_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  return query
  with switch as (
    select false as of_all, t.tenant_id, t.kill_scope, t.kill_epoch, t.killed_by, t.killed_at, t.kill_n as n
    from tenant t where t.tenant_id = p_tenant
    union all
    select true, null::int, p.kill_scope, p.kill_epoch, p.killed_by, p.killed_at,
           (select t.all_kill_n from tenant t where t.tenant_id = p_tenant)
    from platform p
  )
  select s.of_all, s.kill_scope, s.killed_by, s.killed_at, a.id, a.body, r.requested_by, r.requested_at
  from switch s
  left join audit a on a.tenant_id = p_tenant and a.stream = 'desk/' || p_tenant and a.n = s.n
  left join lateral (
    select k.requested_by, k.requested_at from kill_request k
    where k.tenant_id is not distinct from s.tenant_id and k.confirmed_at is null and k.kill_epoch = s.kill_epoch
    order by k.requested_at desc limit 1
  ) r on s.kill_scope <> 'none'
  order by s.of_all;
  perform set_config('app.every', '', true);
end $$;

grant execute on function
  desk_link_look_v1(bytea),
  desk_link_use_v1(bytea, bytea, bytea, timestamptz, timestamptz), desk_session_v1(bytea, timestamptz),
  desk_session_end_v1(bytea, timestamptz), desk_look_v1(int, uuid, text, text, uuid, timestamptz), desk_switches_v1(int)
to convo_desk;
