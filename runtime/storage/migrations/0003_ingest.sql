-- What web does: store arrivals, merge statuses, and show a visitor their own conversation.

-- One call per flush, over many tenants. Row i of every array belongs together; times are each arrival's own.
-- The caller encrypts before it knows whether another process met the person first. Then the outcome is `rekey`, nothing of
-- that row is stored, and contact_id and wrapped_key are the winner's (wrapped_key null: that contact was erased, make
-- another). Rows are worked in key order, so that two flushers cannot wait for each other in a circle; rows of one
-- conversation keep the order they came in.
create function ingest_v1(
  p_tenant int[], p_connection text[], p_channel text[], p_what text[], -- what: message | stop | resume
  p_received_at timestamptz[], p_sent_at timestamptz[], p_sent_on date[], p_provider_hmac bytea[],
  p_id uuid[], p_kind text[], p_payload bytea[], p_stop_scope text[], p_stop_matched text[],
  p_contact uuid[], p_wrapped_key bytea[], p_conversation uuid[], p_audit_id uuid[],
  p_identity uuid[], p_identity_kind text[], p_identity_ciphertext bytea[],
  p_blind bytea[], p_suppression_blind bytea[], p_organisation_blind bytea[],
  -- further identities of the same person: alias_of is the 1-based number of the row
  p_alias_of int[], p_alias_identity uuid[], p_alias_kind text[], p_alias_ciphertext bytea[],
  p_alias_blind bytea[], p_alias_suppression_blind bytea[], p_alias_organisation_blind bytea[]
) returns table (n int, outcome text, conversation_id uuid, seq bigint, contact_id uuid, wrapped_key bytea)
language plpgsql security definer set search_path = public, pg_temp
set lock_timeout = '500ms' -- whoever holds one conversation's row must not hold up everybody's webhooks
as $$
declare
  r record;
  q record;
  v_key bytea;
  v_header jsonb;
  v_hash bytea;
begin
  perform set_config('app.every', 'on', true);
  for r in
    select a.*, least(greatest(a.sent_at, a.received_at - interval '30 days'), a.received_at) as said_at
    from unnest(p_tenant, p_connection, p_channel, p_what, p_received_at, p_sent_at, p_sent_on, p_provider_hmac, p_id, p_kind,
                p_payload, p_stop_scope, p_stop_matched, p_contact, p_wrapped_key, p_conversation, p_audit_id, p_identity,
                p_identity_kind, p_identity_ciphertext, p_blind, p_suppression_blind, p_organisation_blind)
         with ordinality
         as a (tenant, connection, channel, what, received_at, sent_at, sent_on, provider_hmac, id, kind, payload, stop_scope,
               stop_matched, contact, wrapped, conversation, audit_id, identity, identity_kind, identity_ciphertext, blind,
               suppression_blind, organisation_blind, n)
    order by a.tenant, a.blind, a.connection, a.n
  loop
    n := r.n;
    seq := null;

    -- Who is it?
    select i.contact_id into contact_id from identity i where i.tenant_id = r.tenant and i.blind = r.blind;
    if not found then
      select i.contact_id into contact_id
      from unnest(p_alias_of, p_alias_blind) as a (row_n, blind)
      join identity i on i.tenant_id = r.tenant and i.blind = a.blind
      where a.row_n = r.n limit 1;
      contact_id := coalesce(contact_id, r.contact);
      -- Known under an alias only, and perhaps under another key: the caller must encrypt this identity again.
      if contact_id = r.contact then
        insert into identity (tenant_id, blind, suppression_blind, organisation_blind, identity_id, contact_id, kind, ciphertext,
                              created_at)
        values (r.tenant, r.blind, r.suppression_blind, r.organisation_blind, r.identity, contact_id, r.identity_kind,
                r.identity_ciphertext, r.received_at)
        on conflict do nothing;
        if found then
          insert into contact (tenant_id, contact_id, wrapped_key, created_at, opted_out_at, opt_out_scope, opt_out_reason)
          select r.tenant, r.contact, r.wrapped, r.received_at, s.at, s.scope, s.reason
          from (values (1)) as one
          left join lateral suppressed_v1(r.tenant, r.suppression_blind, r.organisation_blind) s on true
          on conflict do nothing;
        else -- another transaction met them first, and has committed
          select i.contact_id into contact_id from identity i where i.tenant_id = r.tenant and i.blind = r.blind;
        end if;
      end if;
    end if;
    select c.wrapped_key into v_key from contact c where c.tenant_id = r.tenant and c.contact_id = ingest_v1.contact_id;
    wrapped_key := v_key;
    if contact_id <> r.contact or v_key is distinct from r.wrapped then
      if v_key is null then -- erased: nothing may point at that contact any more
        delete from identity i where i.tenant_id = r.tenant and i.contact_id = ingest_v1.contact_id;
      end if;
      outcome := 'rekey';
      conversation_id := null;
      return next;
      continue;
    end if;
    insert into identity (tenant_id, blind, suppression_blind, organisation_blind, identity_id, contact_id, kind, ciphertext,
                          created_at)
    select r.tenant, a.blind, a.suppression_blind, a.organisation_blind, a.identity, ingest_v1.contact_id, a.kind, a.ciphertext,
           r.received_at
    from unnest(p_alias_of, p_alias_identity, p_alias_kind, p_alias_ciphertext, p_alias_blind, p_alias_suppression_blind,
                p_alias_organisation_blind)
         as a (row_n, identity, kind, ciphertext, blind, suppression_blind, organisation_blind)
    where a.row_n = r.n order by a.blind
    on conflict do nothing;

    -- Which conversation?
    select c.conversation_id into conversation_id from conversation c
    where c.tenant_id = r.tenant and c.contact_id = r.contact and c.connection_id = r.connection;
    if not found then
      insert into conversation (tenant_id, conversation_id, contact_id, connection_id, channel, created_at)
      values (r.tenant, r.conversation, r.contact, r.connection, r.channel, r.received_at)
      on conflict do nothing;
      if found then
        insert into conversation_queue (tenant_id, conversation_id) values (r.tenant, r.conversation);
        conversation_id := r.conversation;
      else
        select c.conversation_id into strict conversation_id from conversation c
        where c.tenant_id = r.tenant and c.contact_id = r.contact and c.connection_id = r.connection;
      end if;
    end if;

    -- The queue row's lock gives the number; the number's order is the order of commits.
    select x.last_seq, x.audit_n, x.audit_hash, x.lines into strict q
    from conversation_queue x
    where x.tenant_id = r.tenant and x.conversation_id = ingest_v1.conversation_id
    for no key update;

    insert into inbox_seen (sent_on, tenant_id, connection_id, provider_hmac, seen_at, conversation_id, seq)
    values (r.sent_on, r.tenant, r.connection, r.provider_hmac, r.received_at, ingest_v1.conversation_id,
            case when r.what = 'message' then q.last_seq + 1 end)
    on conflict do nothing;
    if not found then
      select s.seq, s.conversation_id into seq, conversation_id from inbox_seen s
      where s.sent_on = r.sent_on and s.tenant_id = r.tenant and s.connection_id = r.connection
        and s.provider_hmac = r.provider_hmac;
      outcome := 'duplicate';
      return next;
      continue;
    end if;

    v_header := jsonb_build_object('what', case r.what when 'message' then 'received' else r.what end);
    if r.what = 'message' then
      seq := q.last_seq + 1;
      v_header := v_header || jsonb_build_object(
        'seq', seq, 'kind', r.kind, 'inbox', r.id, 'payload_sha256', encode(sha256(r.payload), 'hex'));
      insert into inbox (tenant_id, conversation_id, seq, received_at, id, kind, sent_at, provider_hmac, payload, position,
                         stop_scope, stop_matched)
      values (r.tenant, ingest_v1.conversation_id, ingest_v1.seq, r.received_at, r.id, r.kind, r.said_at, r.provider_hmac,
              r.payload, q.lines + 1, r.stop_scope, r.stop_matched);
    end if;
    if r.stop_scope is not null then
      v_header := v_header || jsonb_build_object('stop', r.stop_scope, 'matched', r.stop_matched);
    end if;
    v_hash := audit_hash_v1(q.audit_hash, r.tenant, 'conv/' || ingest_v1.conversation_id, q.audit_n + 1, r.audit_id,
                            r.received_at, v_header, ''::bytea);
    insert into audit (tenant_id, stream, n, id, at, header, body, prev, hash)
    values (r.tenant, 'conv/' || ingest_v1.conversation_id, q.audit_n + 1, r.audit_id, r.received_at, v_header, ''::bytea,
            q.audit_hash, v_hash);
    -- A leased or waiting conversation keeps its ready_at: the lease cannot be stolen, and completion sees last_seq.
    update conversation_queue x
    set last_seq = x.last_seq + case when r.what = 'message' then 1 else 0 end,
        lines = x.lines + case when r.what = 'message' then 1 else 0 end,
        ready_at = case when r.what = 'message' then coalesce(x.ready_at, r.received_at) else x.ready_at end,
        last_inbound_at = case when r.what = 'message' then greatest(x.last_inbound_at, r.said_at) else x.last_inbound_at end,
        audit_n = x.audit_n + 1,
        audit_hash = v_hash
    where x.tenant_id = r.tenant and x.conversation_id = ingest_v1.conversation_id;

    if r.stop_scope is not null then
      perform suppress_v1(r.tenant, r.contact, r.stop_scope, coalesce('inbound ' || r.what, 'inbound'), r.received_at);
    end if;
    if r.stop_scope is not null or r.what = 'resume' then
      insert into consent_event (tenant_id, id, contact_id, kind, channel, purpose, basis, sender, source, at, recorded_at)
      values (r.tenant, r.id, r.contact, case when r.what = 'resume' then 'resumed' else 'withdrawn' end, r.channel, 'all',
              'none', r.connection, r.what, r.said_at, r.received_at);
    end if;
    outcome := 'stored';
    return next;
  end loop;
  perform set_config('app.every', '', true);
end $$;

-- Whether somebody had opted out before we knew them (or before they were erased), by the HMACs that outlive erasure.
create function suppressed_v1(p_tenant int, p_suppression_blind bytea, p_organisation_blind bytea)
returns table (at timestamptz, scope text, reason text)
language sql stable set search_path = public, pg_temp as $$
  select o.at, 'organisation', o.reason from organisation_suppression o
  join tenant t on t.organisation_id = o.organisation_id
  where t.tenant_id = p_tenant and o.blind = p_organisation_blind
  union all
  select s.at, 'tenant', s.reason from suppression s where s.tenant_id = p_tenant and s.blind = p_suppression_blind
  order by 2 limit 1 -- the wider one
$$;

-- An opt-out, whoever found it: every identity of the contact, and for the organisation every tenant's contact of that person.
-- The caller's transaction holds app.every.
create function suppress_v1(p_tenant int, p_contact uuid, p_scope text, p_reason text, p_now timestamptz)
returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_organisation int;
  r record;
begin
  for r in
    select p_tenant as tenant_id, p_contact as contact_id
    union
    select other.tenant_id, other.contact_id
    from identity own
    join identity other on other.organisation_blind = own.organisation_blind
    where p_scope = 'organisation' and own.tenant_id = p_tenant and own.contact_id = p_contact
    order by 1, 2
  loop
    update contact c
    set ver = c.ver + 1, opted_out_at = p_now, opt_out_reason = p_reason,
        opt_out_scope = case when c.opt_out_scope = 'organisation' then c.opt_out_scope else p_scope end
    where c.tenant_id = r.tenant_id and c.contact_id = r.contact_id;
    insert into suppression (tenant_id, blind, reason, at)
    select i.tenant_id, i.suppression_blind, p_reason, p_now from identity i
    where i.tenant_id = r.tenant_id and i.contact_id = r.contact_id order by i.suppression_blind
    on conflict (tenant_id, blind) do update set at = excluded.at, reason = excluded.reason;
  end loop;
  if p_scope = 'organisation' then
    select t.organisation_id into strict v_organisation from tenant t where t.tenant_id = p_tenant;
    insert into organisation_suppression (organisation_id, blind, reason, at, tenant_id)
    select v_organisation, i.organisation_blind, p_reason, p_now, p_tenant from identity i
    where i.tenant_id = p_tenant and i.contact_id = p_contact order by i.organisation_blind
    on conflict (organisation_id, blind) do update set at = excluded.at, reason = excluded.reason;
  end if;
end $$;

-- Statuses merge upwards only: sent < failed < delivered < read, so that a late `failed` never erases `delivered`.
-- A row whose call was interrupted (`unknown`) learns here what became of it, and one that was taken, that it failed after all.
create function ingest_statuses_v1(
  p_tenant int[], p_connection text[], p_seen_hmac bytea[], p_sent_on date[], p_id uuid[], p_provider_hmac bytea[],
  p_client_ref text[], p_status text[], p_at timestamptz[], p_error_code int[], p_received_at timestamptz[]
) returns table (n int, outcome text)
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '500ms' as $$
declare
  r record;
  v_row uuid;
  v_is_news boolean;
  v_ranks constant jsonb := '{"sent": 1, "failed": 2, "delivered": 3, "read": 4}';
begin
  perform set_config('app.every', 'on', true);
  -- What failed concerns the person: their row is locked before any outbox row, as everywhere, and in key order.
  if 'failed' = any (p_status) then
    perform from contact c
    where (c.tenant_id, c.contact_id) in (
      select o.tenant_id, o.contact_id
      from unnest(p_tenant, p_connection, p_provider_hmac, p_client_ref, p_status)
           as a (tenant, connection, provider_hmac, client_ref, status)
      cross join lateral (
        select x.tenant_id, x.contact_id from outbox x
        where x.tenant_id = a.tenant and x.connection_id = a.connection and x.key = a.client_ref
        union all
        select x.tenant_id, x.contact_id from outbox x
        where x.tenant_id = a.tenant and x.connection_id = a.connection and x.provider_hmac = a.provider_hmac) o
      where a.status = 'failed')
    order by c.tenant_id, c.contact_id for no key update;
  end if;
  for r in
    select a.*, least(greatest(a.at, a.received_at - interval '30 days'), a.received_at) as said_at
    from unnest(p_tenant, p_connection, p_seen_hmac, p_sent_on, p_id, p_provider_hmac, p_client_ref, p_status, p_at,
                p_error_code, p_received_at) with ordinality
         as a (tenant, connection, seen_hmac, sent_on, id, provider_hmac, client_ref, status, at, error_code, received_at, n)
    order by a.tenant, a.provider_hmac, a.seen_hmac, a.n
  loop
    n := r.n;
    insert into inbox_seen (sent_on, tenant_id, connection_id, provider_hmac, seen_at)
    values (r.sent_on, r.tenant, r.connection, r.seen_hmac, r.received_at)
    on conflict do nothing;
    if not found then
      outcome := 'duplicate';
      return next;
      continue;
    end if;
    select o.id into v_row from outbox o
    where o.tenant_id = r.tenant and o.connection_id = r.connection and o.key = r.client_ref;
    if not found then
      select o.id into v_row from outbox o
      where o.tenant_id = r.tenant and o.connection_id = r.connection and o.provider_hmac = r.provider_hmac
      limit 1;
    end if;
    if v_row is not null then
      update outbox o
      set status = r.status, status_at = r.said_at, error_code = coalesce(r.error_code, o.error_code)
      where o.tenant_id = r.tenant and o.id = v_row
        and coalesce((v_ranks ->> r.status)::int, 0) > coalesce((v_ranks ->> o.status)::int, 0);
      v_is_news := found;
      if r.status = 'failed' then
        perform send_failed_later_v1(r.tenant, v_row, r.error_code, v_is_news, r.received_at);
      end if;
      update outbox o set state = 'sent', settled_at = r.received_at
      where o.tenant_id = r.tenant and o.id = v_row and o.state in ('unknown', 'failed')
        and o.status in ('sent', 'delivered', 'read');
      if found then
        perform send_shown_v1(r.tenant, v_row, r.said_at);
      end if;
      update outbox o set provider_hmac = r.provider_hmac
      where o.tenant_id = r.tenant and o.id = v_row and o.provider_hmac is null;
    end if;
    insert into delivery_status (tenant_id, id, outbox_id, provider_hmac, status, error_code, at, received_at)
    values (r.tenant, r.id, v_row, r.provider_hmac, r.status, r.error_code, r.said_at, r.received_at);
    outcome := 'stored';
    return next;
  end loop;
  perform set_config('app.every', '', true);
end $$;

-- The provider took a message and could not deliver it. The person has not seen it, and somebody has to know, unless we had
-- started it ourselves. 131050: they stopped us inside WhatsApp, and this failure may be all we hear of it; who they are is
-- found by the row, since the status need not say. The caller holds the contact's lock.
create function send_failed_later_v1(p_tenant int, p_outbox uuid, p_code int, p_is_news boolean, p_now timestamptz)
returns void language plpgsql volatile set search_path = public, pg_temp as $$
declare
  o outbox;
  v_stopped boolean := p_code is not distinct from 131050;
begin
  select * into strict o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox;
  if v_stopped then
    perform suppress_v1(p_tenant, o.contact_id, 'tenant', 'provider stop', p_now);
  end if;
  if not p_is_news or o.state not in ('sending', 'sent', 'unknown') then
    return;
  end if;
  if o.state <> 'sending' then -- else its sender settles it
    update outbox x set state = 'failed', settled_at = p_now where x.tenant_id = p_tenant and x.id = p_outbox;
    delete from shown s where s.tenant_id = p_tenant and s.outbox_id = p_outbox;
    if not v_stopped then
      perform send_stop_rest_v1(p_tenant, p_outbox, p_now);
    end if;
  end if;
  if not v_stopped and o.send_class <> 'proactive' then
    perform send_case_v1(p_tenant, o.conversation_id, o.contact_id, 'send_failed', coalesce(p_code::text, 'provider'),
      case when o.send_class = 'safety' then 0 else 1 end, o.send_class = 'safety', p_now);
  end if;
  perform audit_append_v1(p_tenant, 'send/' || o.conversation_id, gen_random_uuid(), p_now,
    jsonb_build_object('what', 'failed later', 'outbox', p_outbox, 'state', o.state, 'code', p_code, 'stopped', v_stopped),
    ''::bytea);
end $$;

-- The guilty row of a batch: kept, counted, and no longer in anybody's way.
create function ingest_reject_v1(
  p_tenant int, p_id uuid, p_connection text, p_kind text, p_error text, p_body bytea, p_now timestamptz
) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into ingest_reject (tenant_id, id, connection_id, kind, error, body, received_at)
  values (p_tenant, p_id, p_connection, p_kind, p_error, p_body, p_now)
  on conflict do nothing; -- redelivered
end $$;

-- A web-chat visitor's own conversation after a position. Our lines appear when they are being sent, not before.
create function visitor_lines_v1(p_tenant int, p_connection text, p_blind bytea, p_after bigint, p_now timestamptz)
returns table (line_position bigint, ours boolean, id uuid, ciphertext bytea, at timestamptz, claims text[], contact_id uuid,
               wrapped_key bytea, by_person boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  -- Whoever asks has the page open: what waited for opening hours may be shown.
  perform page_seen_v1(p_tenant, c.conversation_id, p_now)
  from identity i
  join conversation c on c.tenant_id = i.tenant_id and c.contact_id = i.contact_id and c.connection_id = p_connection
  where i.tenant_id = p_tenant and i.blind = p_blind;
  return query
  select l.position, l.ours, l.id, l.ciphertext, l.at, l.claims, c.contact_id, k.wrapped_key, l.by_person
  from identity i
  join conversation c on c.tenant_id = i.tenant_id and c.contact_id = i.contact_id and c.connection_id = p_connection
  join contact k on k.tenant_id = i.tenant_id and k.contact_id = i.contact_id and k.wrapped_key is not null
  cross join lateral (
    select x.position, false as ours, x.id, x.payload as ciphertext, x.received_at as at, '{}'::text[] as claims, false as by_person
    from inbox x
    where x.tenant_id = p_tenant and x.conversation_id = c.conversation_id and x.position > p_after
    union all
    select o.position, true, o.id, o.body, o.sending_at, o.claims, o.author <> 'bot'
    from outbox o
    where o.tenant_id = p_tenant and o.conversation_id = c.conversation_id and o.position > p_after
      and o.state in ('sending', 'sent', 'unknown')
  ) l
  where i.tenant_id = p_tenant and i.blind = p_blind
  order by l.position;
end $$;

-- Whether a reply is really being made: something is unprocessed, and neither a person nor a kill stands in the way.
create function answering_v1(p_tenant int, p_connection text, p_blind bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_answering boolean;
begin
  perform set_config('app.every', 'on', true);
  select q.done_seq < q.last_seq and c.mode = 'bot' and c.human_owner is null and t.kill_scope = 'none' and p.kill_scope = 'none'
  into v_answering
  from identity i
  join conversation c on c.tenant_id = i.tenant_id and c.contact_id = i.contact_id and c.connection_id = p_connection
  join conversation_queue q on q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
  join tenant t on t.tenant_id = i.tenant_id
  cross join platform p
  where i.tenant_id = p_tenant and i.blind = p_blind;
  perform set_config('app.every', '', true);
  return coalesce(v_answering, false);
end $$;

grant execute on function
  ingest_v1(int[], text[], text[], text[], timestamptz[], timestamptz[], date[], bytea[], uuid[], text[], bytea[], text[],
            text[], uuid[], bytea[], uuid[], uuid[], uuid[], text[], bytea[], bytea[], bytea[], bytea[], int[], uuid[], text[],
            bytea[], bytea[], bytea[], bytea[]),
  ingest_statuses_v1(int[], text[], bytea[], date[], uuid[], bytea[], text[], text[], timestamptz[], int[], timestamptz[]),
  ingest_reject_v1(int, uuid, text, text, text, bytea, timestamptz),
  visitor_lines_v1(int, text, bytea, bigint, timestamptz),
  answering_v1(int, text, bytea)
to convo_ingest;
