-- What a turn learns besides: how the conversation stands, today's money, pictures; and outages of the models, told once.

-- Something a message held, fetched once from its provider and only where a model may look at it. The bytes are encrypted
-- under the person's key: who erases the person erases their pictures.
create table media (
  tenant_id int not null,
  id uuid not null,                     -- as the message's payload names it
  conversation_id uuid not null,
  contact_id uuid not null,
  seq bigint not null,                  -- of the message it came with
  state text not null default 'fetched' check (state in ('fetched', 'refused')),
  reason text,                          -- of our own words: why it was not taken
  media_type text not null,             -- as the bytes are, not as they were called
  size int not null,                    -- bytes, before encryption
  sha256 bytea not null,                -- of the ciphertext
  data bytea,                           -- AAD media/data/id; null: refused
  at timestamptz not null,
  primary key (tenant_id, id)
);
create index media_of_message on media (tenant_id, conversation_id, seq);

-- While `ended_at` is null the models are down for this tenant, and somebody has been told.
create table model_outage (
  tenant_id int not null,
  id uuid not null,
  case_id uuid not null,
  began_at timestamptz not null,
  ended_at timestamptz,
  primary key (tenant_id, id)
);
create unique index model_outage_open on model_outage (tenant_id) where ended_at is null;

do $$
declare
  v_table text;
begin
  foreach v_table in array array['media', 'model_outage'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
    execute format('create policy every_tenant on %I to convo_owner using (current_setting(''app.every'', true) = ''on'')', v_table);
    execute format(
      'create policy one_tenant on %I using (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::int)', v_table);
  end loop;
end $$;

grant select on media, model_outage to convo_tenant, convo_desk;

-- load_v1, and: `more` (how the conversation stands, what was spent today in micropence), `by_person` (which of our lines a
-- person wrote), `media` (what came with the pending messages and was fetched; its bytes only if p_pictures).
create function load_v2(
  p_tenant int, p_conversation uuid, p_fence bigint, p_pending int, p_lines int, p_pictures boolean, p_now timestamptz
) returns table (what text, id uuid, n bigint, at timestamptz, at2 timestamptz, name text, data bytea, doc jsonb)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  c conversation;
  v_done bigint;
  v_day date := (p_now at time zone 'UTC')::date;
begin
  return query select * from load_v1(p_tenant, p_conversation, p_fence, p_pending, p_lines);
  if not found then
    return;
  end if;
  select * into strict c from conversation x where x.tenant_id = p_tenant and x.conversation_id = p_conversation;
  select q.done_seq into strict v_done from conversation_queue q
  where q.tenant_id = p_tenant and q.conversation_id = p_conversation;
  return query
  select 'more', null::uuid, 0::bigint, c.handed_back_at, null::timestamptz, null::text, null::bytea, jsonb_build_object(
    'started', exists (select from outbox o where o.tenant_id = p_tenant and o.conversation_id = p_conversation
                       and o.author = 'bot' and o.state in ('sending', 'sent', 'unknown')),
    'first_contact', not exists (select from conversation x where x.tenant_id = p_tenant and x.contact_id = c.contact_id
                                 and x.conversation_id <> p_conversation and x.created_at < c.created_at)
                     and not exists (select from contact k where k.tenant_id = p_tenant and k.contact_id = c.contact_id
                                     and k.created_at < c.created_at),
    'spent', (select coalesce(sum(s.spent_micropence), 0) from spend_shard s where s.tenant_id = p_tenant and s.day = v_day),
    'contact_spent', (select coalesce(sum(s.spent_micropence), 0) from spend_contact s
                      where s.tenant_id = p_tenant and s.day = v_day and s.contact_id = c.contact_id))
  union all
  (select 'by_person', o.id, o.n, null, null, o.author, null, null
   from outbox o
   where o.tenant_id = p_tenant and o.conversation_id = p_conversation and o.state in ('sending', 'sent', 'unknown')
     and o.author <> 'bot'
   order by o.n desc limit p_lines)
  union all
  select 'media', m.id, m.size, m.at, null, m.media_type, case when p_pictures then m.data end,
         jsonb_build_object('state', m.state, 'seq', m.seq)
  from media m
  where m.tenant_id = p_tenant and m.conversation_id = p_conversation and m.seq > v_done;
end $$;

-- Keeps what was fetched; the first to bring it wins.
create function media_keep_v1(
  p_tenant int, p_id uuid, p_conversation uuid, p_contact uuid, p_seq bigint, p_state text, p_reason text, p_media_type text,
  p_size int, p_data bytea, p_now timestamptz
) returns boolean language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into media (tenant_id, id, conversation_id, contact_id, seq, state, reason, media_type, size, sha256, data, at)
  values (p_tenant, p_id, p_conversation, p_contact, p_seq, p_state, p_reason, p_media_type, p_size,
          sha256(coalesce(p_data, ''::bytea)), p_data, p_now)
  on conflict do nothing;
  return found;
end $$;

-- The models are down: a person is told, once for a tenant and outage, however many conversations meet it and whether or not
-- somebody has closed the case meanwhile. Returns whether this is the beginning of it.
create function models_down_v1(p_tenant int, p_now timestamptz) returns boolean
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_outage uuid := gen_random_uuid();
  v_case uuid := gen_random_uuid();
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into model_outage (tenant_id, id, case_id, began_at) values (p_tenant, v_outage, v_case, p_now)
  on conflict (tenant_id) where ended_at is null do nothing;
  if not found then
    return false;
  end if;
  insert into case_file (tenant_id, id, ref, kind, reason, priority, page, due_at, opened_at, opened_by)
  values (p_tenant, v_case, 'M-' || upper(left(replace(v_case::text, '-', ''), 12)), 'models_down', 'no_model_answers', 1, true,
          p_now + interval '60 minutes', p_now, 'worker');
  insert into event (tenant_id, id, at, kind, data)
  values (p_tenant, v_outage, p_now, 'alert', jsonb_build_object('case', v_case, 'kind', 'models_down', 'reason', 'no_model_answers'));
  return true;
end $$;

-- A model answered again: the outage is over, and its case with it. Returns whether there was one.
create function models_up_v1(p_tenant int, p_now timestamptz) returns boolean
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_case uuid;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  update model_outage m set ended_at = p_now where m.tenant_id = p_tenant and m.ended_at is null returning m.case_id into v_case;
  if not found then
    return false;
  end if;
  update case_file f set state = 'closed', closed_at = p_now, closed_by = 'worker'
   where f.tenant_id = p_tenant and f.id = v_case and f.state = 'open';
  insert into event (tenant_id, id, at, kind, data)
  values (p_tenant, gen_random_uuid(), p_now, 'models_up', jsonb_build_object('case', v_case, 'kind', 'models_down'));
  return true;
end $$;

grant execute on function
  load_v2(int, uuid, bigint, int, int, boolean, timestamptz),
  media_keep_v1(int, uuid, uuid, uuid, bigint, text, text, text, int, bytea, timestamptz),
  models_down_v1(int, timestamptz),
  models_up_v1(int, timestamptz)
to convo_tenant;
