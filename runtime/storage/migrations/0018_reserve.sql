-- The money of a turn's models is reserved before the first of them is asked, and settled with the turn: however many workers ask
-- at once, together they never have more than the day's cap.

-- What was taken comes back. By the contact's own shard, which may owe it to another one: only their sum is the day's money.
create function spend_give_back_v1(p_tenant int, p_day date, p_contact uuid, p_amount bigint) returns void
language plpgsql volatile set search_path = public, pg_temp as $$
begin
  insert into spend_shard as s (tenant_id, day, shard, spent_micropence)
  values (p_tenant, p_day, (hashtext(p_contact::text) & 15)::smallint, -p_amount)
  on conflict (tenant_id, day, shard) do update set spent_micropence = s.spent_micropence + excluded.spent_micropence;
  update spend_contact s set spent_micropence = s.spent_micropence - p_amount
   where s.tenant_id = p_tenant and s.day = p_day and s.contact_id = p_contact;
end $$;

-- Calls in what shards were granted and did not spend, so that it can be granted where it is needed. Near the cap each of them may
-- hold less than a turn wants, and all of them together more. The day's row is locked before the shards, as spend_take_v1 does.
create function spend_gather_v1(p_tenant int, p_day date) returns void
language plpgsql volatile set search_path = public, pg_temp as $$
begin
  perform from spend_day d where d.tenant_id = p_tenant and d.day = p_day for update;
  perform from spend_shard s where s.tenant_id = p_tenant and s.day = p_day order by s.shard for update;
  update spend_shard s set granted_micropence = s.spent_micropence where s.tenant_id = p_tenant and s.day = p_day;
  update spend_day d
     set granted_micropence = (select coalesce(sum(s.spent_micropence), 0) from spend_shard s
                               where s.tenant_id = p_tenant and s.day = p_day)
   where d.tenant_id = p_tenant and d.day = p_day;
end $$;

-- Takes the most that a turn may cost out of the day's money: reserved | day | person | lost. `day` and `person`: theirs does not
-- hold so much any more. `lost`: the lease is somebody else's by now. Asked twice under one id it takes once.
create function spend_reserve_v1(
  p_tenant int, p_conversation uuid, p_fence bigint, p_id uuid, p_amount bigint, p_cap bigint, p_contact_cap bigint,
  p_lease_s double precision, p_now timestamptz
) returns text language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_day date := (p_now at time zone 'UTC')::date;
  v_contact uuid;
  v_full text;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select c.contact_id into v_contact
    from conversation_queue q
    join conversation c on c.tenant_id = q.tenant_id and c.conversation_id = q.conversation_id
   where q.tenant_id = p_tenant and q.conversation_id = p_conversation and q.fence = p_fence;
  if not found then
    return 'lost';
  end if;
  if exists (select from spend_reservation r where r.tenant_id = p_tenant and r.id = p_id) then
    return 'reserved';
  end if;
  if not spend_take_v1(p_tenant, v_day, v_contact, p_amount, p_cap) then
    if (select coalesce(sum(s.spent_micropence), 0) from spend_shard s where s.tenant_id = p_tenant and s.day = v_day)
       > p_cap - p_amount then
      return 'day';
    end if;
    perform spend_gather_v1(p_tenant, v_day);
    if not spend_take_v1(p_tenant, v_day, v_contact, p_amount, p_cap) then
      return 'day';
    end if;
  end if;
  -- The rows just written are ours until we commit, so nobody of the same person can have passed between the two.
  select case when s.spent_micropence > p_contact_cap then 'person' end into v_full
    from spend_contact s where s.tenant_id = p_tenant and s.day = v_day and s.contact_id = v_contact;
  if v_full is null then -- what was booked without having been granted (a bill that came late) counts as well
    select case when sum(s.spent_micropence) > p_cap then 'day' end into v_full
      from spend_shard s where s.tenant_id = p_tenant and s.day = v_day;
  end if;
  if v_full is not null then
    perform spend_give_back_v1(p_tenant, v_day, v_contact, p_amount);
    return v_full;
  end if;
  insert into spend_reservation (tenant_id, id, day, shard, contact_id, conversation_id, reserved_micropence, reserved_at, expires_at)
  values (p_tenant, p_id, v_day, (hashtext(v_contact::text) & 15)::smallint, v_contact, p_conversation, p_amount, p_now,
          p_now + make_interval(secs => p_lease_s));
  return 'reserved';
end $$;

-- As commit_turn_v2, with what was reserved for the turn (p_turn -> reservation) given back, and what it cost booked, in one. A
-- turn that is lost to a newer lease has cost as much, and that is booked too; of a turn whose worker died nobody knows what it
-- cost, so its reservation stays spent.
create function commit_turn_v3(
  p_tenant int, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamptz, p_turn jsonb,
  p_sends jsonb, p_send_id uuid[], p_send_body bytea[], p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[],
  p_holds jsonb, p_cases jsonb, p_counts jsonb, p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea
) returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
declare
  r spend_reservation;
  v_committed boolean := commit_turn_v2(
    p_tenant, p_conversation, p_fence, p_upto, p_now, p_turn, p_sends, p_send_id, p_send_body, p_answers, p_answer_id,
    p_answer_ciphertext, p_holds, p_cases, p_counts, p_audit_id, p_audit_header, p_audit_body);
begin
  perform set_config('app.tenant', p_tenant::text, true);
  update spend_reservation x set settled_micropence = (p_turn ->> 'cost')::bigint
   where x.tenant_id = p_tenant and x.id = (p_turn ->> 'reservation')::uuid and x.settled_micropence is null
   returning x.* into r;
  if found then
    if not v_committed and r.settled_micropence > 0 then
      perform spend_settle_v1(p_tenant, r.contact_id, r.settled_micropence, p_now);
    end if;
    perform spend_give_back_v1(p_tenant, r.day, r.contact_id, r.reserved_micropence);
  end if;
  return v_committed;
end $$;

grant execute on function
  spend_reserve_v1(int, uuid, bigint, uuid, bigint, bigint, bigint, double precision, timestamptz),
  commit_turn_v3(int, uuid, bigint, bigint, timestamptz, jsonb, jsonb, uuid[], bytea[], text[], uuid[], bytea[], jsonb, jsonb,
                 jsonb, uuid, jsonb, bytea)
to convo_tenant;
