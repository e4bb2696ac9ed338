-- The whole schema as it stands after all migrations: to be read, and compared by a test. Databases are made by migrations/.
-- Written by `python -m tests.integration.storage.schema`; never edited by hand.

CREATE FUNCTION public.answering_v1(p_tenant integer, p_connection text, p_blind bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.attestation_needs_drill() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if names_real_stage_v1(new.envelope) and not withstood_v1(new.tenant_id, new.digest)
     and not was_in_force_v1(new.tenant_id, 'staging', new.digest) and not was_in_force_v1(new.tenant_id, 'live', new.digest) then
    raise exception 'the attack suite did not hold for %', new.digest using errcode = 'CV812';
  end if;
  return new;
end $$;

CREATE FUNCTION public.audit_append_v1(p_tenant integer, p_stream text, p_id uuid, p_at timestamp with time zone, p_header jsonb, p_body bytea) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_n bigint;
  v_prev bytea;
  v_hash bytea;
begin
  insert into audit_stream (tenant_id, stream, n, hash) values (p_tenant, p_stream, 0, ''::bytea) on conflict do nothing;
  select s.n, s.hash into strict v_n, v_prev from audit_stream s
  where s.tenant_id = p_tenant and s.stream = p_stream for no key update;
  v_hash := audit_hash_v1(v_prev, p_tenant, p_stream, v_n + 1, p_id, p_at, p_header, p_body);
  insert into audit (tenant_id, stream, n, id, at, header, body, prev, hash)
  values (p_tenant, p_stream, v_n + 1, p_id, p_at, p_header, p_body, v_prev, v_hash);
  update audit_stream s set n = v_n + 1, hash = v_hash where s.tenant_id = p_tenant and s.stream = p_stream;
end $$;

CREATE FUNCTION public.audit_entries_v1(p_tenant integer, p_after_tenant integer, p_after_stream text, p_after_n bigint, p_limit integer) RETURNS TABLE(tenant_id integer, stream text, n bigint, id uuid, at_us bigint, header text, body bytea, prev bytea, hash bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query
    select a.tenant_id, a.stream, a.n, a.id, (extract(epoch from a.at) * 1000000)::bigint, a.header::text, a.body, a.prev, a.hash
      from audit a
     where (a.tenant_id, a.stream, a.n) > (p_after_tenant, p_after_stream, p_after_n)
       and (p_tenant is null or a.tenant_id = p_tenant)
     order by a.tenant_id, a.stream, a.n limit p_limit;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.audit_hash_v1(p_prev bytea, p_tenant integer, p_stream text, p_n bigint, p_id uuid, p_at timestamp with time zone, p_header jsonb, p_body bytea) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select sha256(
    p_prev
    || sha256(convert_to(
      concat_ws(E'\n', p_tenant, p_stream, p_n, p_id, (extract(epoch from p_at) * 1000000)::bigint, p_header::text), 'UTF8'))
    || sha256(p_body))
$$;

CREATE FUNCTION public.audit_heads_v1() RETURNS TABLE(tenant_id integer, stream text, n bigint, hash bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query
    select h.tenant_id, h.stream, h.n, h.hash from (
      select q.tenant_id, 'conv/' || q.conversation_id as stream, q.audit_n as n, q.audit_hash as hash
        from conversation_queue q where q.audit_n > 0
      union all
      select s.tenant_id, s.stream, s.n, s.hash from audit_stream s where s.n > 0) h
     order by h.tenant_id, h.stream collate "C";
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.audit_leaves_v1(p_after bigint, p_upto bigint) RETURNS TABLE(root_n bigint, tenant_id integer, stream text, n bigint, hash bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query select l.root_n, l.tenant_id, l.stream, l.n, l.hash from audit_root_leaf l
                where l.root_n > p_after and l.root_n <= p_upto order by l.root_n, l.tenant_id, l.stream collate "C";
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.audit_moved_v1() RETURNS TABLE(tenant_id integer, stream text, n bigint, hash bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query
    select h.tenant_id, h.stream, h.n, h.hash from (
      select q.tenant_id, 'conv/' || q.conversation_id as stream, q.audit_n as n, q.audit_hash as hash
        from conversation_queue q where q.audit_n > 0
      union all
      select s.tenant_id, s.stream, s.n, s.hash from audit_stream s where s.n > 0) h
      left join audit_sealed l on l.tenant_id = h.tenant_id and l.stream = h.stream
     where l.n is null or h.n > l.n;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.audit_roots_v1(p_after bigint) RETURNS TABLE(n bigint, at timestamp with time zone, root bytea, prev bytea, hash bytea, leaves integer, key_id text, signature bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query select r.n, r.at, r.root, r.prev, r.hash, r.leaves, r.key_id, r.signature from audit_root r
                where r.n > p_after order by r.n;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.audit_seal_v1(p_n bigint, p_at timestamp with time zone, p_root bytea, p_prev bytea, p_hash bytea, p_leaves integer, p_key_id text, p_signature bytea, p_tenant integer[], p_stream text[], p_place integer[], p_stream_n bigint[], p_stream_hash bytea[]) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  insert into audit_root (n, at, root, prev, hash, leaves, key_id, signature)
  values (p_n, p_at, p_root, p_prev, p_hash, p_leaves, p_key_id, p_signature) on conflict do nothing;
  if found then
    insert into audit_root_leaf (tenant_id, root_n, stream, n, hash)
    select l.tenant_id, p_n, l.stream, l.n, l.hash
      from unnest(p_tenant, p_stream, p_stream_n, p_stream_hash) l (tenant_id, stream, n, hash);
    insert into audit_sealed as s (tenant_id, stream, place, n, hash)
    select l.tenant_id, l.stream, l.place, l.n, l.hash
      from unnest(p_tenant, p_stream, p_place, p_stream_n, p_stream_hash) l (tenant_id, stream, place, n, hash)
    on conflict (tenant_id, stream) do update set n = excluded.n, hash = excluded.hash;
    perform set_config('app.every', '', true);
    return true;
  end if;
  perform set_config('app.every', '', true);
  return false;
end $$;

CREATE FUNCTION public.audit_sealed_v1() RETURNS TABLE(tenant_id integer, stream text, n bigint, hash bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query
    select s.tenant_id, s.stream, s.n, s.hash from audit_sealed s order by s.place;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.breaker_report_v1(p_provider text, p_model text, p_result text, p_trial boolean, p_failures integer, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  case p_result
    when 'failed' then
      insert into model_breaker as b (provider, model, failures, opened_at, changed_at)
      values (p_provider, p_model, 1, case when p_trial or p_failures <= 1 then p_now end, p_now)
      on conflict on constraint model_breaker_pkey do update
        set failures = b.failures + 1,
            opened_at = case when p_trial or b.failures + 1 >= p_failures then p_now end,
            trial_until = null,
            changed_at = p_now
        where p_trial or b.opened_at is null;
    when 'answered' then
      update model_breaker b set failures = 0, opened_at = null, trial_until = null, changed_at = p_now
       where b.provider = p_provider and b.model = p_model and (p_trial or b.opened_at is null);
    when 'unsaid' then
      update model_breaker b set trial_until = null, changed_at = p_now
       where b.provider = p_provider and b.model = p_model and p_trial;
  end case;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.breaker_states_v1() RETURNS TABLE(provider text, model text, failures integer, opened_at timestamp with time zone, trial_until timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query select b.provider, b.model, b.failures, b.opened_at, b.trial_until from model_breaker b order by 1, 2;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.breaker_try_v1(p_provider text, p_model text, p_open_s double precision, p_trial_s double precision, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_mine boolean;
begin
  perform set_config('app.every', 'on', true);
  update model_breaker b set trial_until = p_now + make_interval(secs => p_trial_s), changed_at = p_now
   where b.provider = p_provider and b.model = p_model
     and b.opened_at + make_interval(secs => p_open_s) <= p_now
     and (b.trial_until is null or b.trial_until <= p_now);
  v_mine := found;
  perform set_config('app.every', '', true);
  return v_mine;
end $$;

CREATE FUNCTION public.bundle_activate_v1(p_tenant integer, p_stage text, p_digest text, p_expect text, p_by text, p_audit_id uuid, p_now timestamp with time zone, p_rules jsonb, p_policy jsonb, p_unapproved boolean, p_organisation text, p_claims jsonb, p_texts jsonb, p_connections jsonb) RETURNS TABLE(outcome text, serial integer, detail text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_active text;
begin
  -- One activation at a time, held by the transaction; connection ids are compared over all tenants.
  perform pg_advisory_xact_lock(hashtextextended('convo bundle_activate', 0));
  perform set_config('app.every', 'on', true);
  select p.digest, p.serial into v_active, bundle_activate_v1.serial from bundle_pointer p
  where p.tenant_id = p_tenant and p.stage = p_stage order by p.serial desc limit 1;
  detail := null;
  outcome := case
    when p_expect is not null and p_expect is distinct from coalesce(v_active, 'none') then 'moved'
    when not exists (select from bundle b where b.tenant_id = p_tenant and b.digest = p_digest) then 'missing'
    else 'activated' end;
  if outcome = 'activated' then
    select c.id into detail
    from jsonb_to_recordset(p_connections) as x (id text)
    join connection c on c.id = x.id and c.tenant_id <> p_tenant limit 1;
    if found then
      outcome := 'taken';
    end if;
  end if;
  if outcome <> 'activated' then
    return next;
    return;
  end if;

  insert into send_rule (tenant_id, digest, n, row_no, state, send_class, channel, effect, only_when, otherwise, until, rule)
  select p_tenant, p_digest, x.n, x.row_no, x.state, x.send_class, x.channel, x.effect, x.only_when, x.otherwise, x.until, x.rule
  from jsonb_to_recordset(p_rules) as x (n int, row_no int, state text, send_class text, channel text, effect text,
                                         only_when text[], otherwise text, until text, rule text)
  on conflict do nothing;
  insert into policy (tenant_id, digest, body, unapproved, organisation)
  values (p_tenant, p_digest, p_policy, p_unapproved, p_organisation) on conflict do nothing;
  insert into bundle_claim (tenant_id, digest, claim_id, claim_digest, effective, expires, approved, approved_until)
  select p_tenant, p_digest, x.claim_id, x.claim_digest, x.effective, x.expires, x.approved, x.approved_until
  from jsonb_to_recordset(p_claims) as x (claim_id text, claim_digest text, effective date, expires date, approved boolean,
                                          approved_until date)
  on conflict do nothing;
  insert into claim_index (tenant_id, digest, claim_id, n, language, kind, text, tsv, plain)
  select p_tenant, p_digest, x.claim_id, x.n, x.language, x.kind, x.text, to_tsvector(text_config_v1(x.language), x.text),
         to_tsvector('pg_catalog.simple', x.text)
  from jsonb_to_recordset(p_texts) as x (claim_id text, n int, language text, kind text, text text)
  on conflict do nothing;

  delete from connection c where c.tenant_id = p_tenant and c.stage = p_stage;
  insert into connection (tenant_id, id, stage, channel, digest)
  select p_tenant, x.id, p_stage, x.channel, p_digest from jsonb_to_recordset(p_connections) as x (id text, channel text);

  serial := coalesce(bundle_activate_v1.serial, 0) + 1;
  insert into bundle_pointer (tenant_id, stage, serial, digest, activated_by, activated_at)
  values (p_tenant, p_stage, bundle_activate_v1.serial, p_digest, p_by, p_now);
  perform audit_append_v1(
    p_tenant, 'desk/' || p_tenant, p_audit_id, p_now,
    jsonb_build_object('what', 'bundle activated', 'stage', p_stage, 'digest', p_digest, 'before', v_active,
                       'serial', bundle_activate_v1.serial, 'by', p_by),
    ''::bytea);
  perform set_config('app.every', '', true);
  return next;
end $$;

CREATE FUNCTION public.bundle_fetch_v1(p_tenant integer, p_digest text) RETURNS TABLE(data bytea, envelopes bytea[])
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  select b.data, array(select a.envelope from bundle_attestation a where a.tenant_id = p_tenant and a.digest = p_digest
                       order by a.published_at desc, a.envelope_sha)
  from bundle b where b.tenant_id = p_tenant and b.digest = p_digest;
end $$;

CREATE FUNCTION public.bundle_held_v1(p_tenant integer, p_stage text) RETURNS TABLE(process text, digest text, wanted text, error text, seen_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query select s.process, s.digest, s.wanted, s.error, s.seen_at from bundle_seen s
                where s.tenant_id = p_tenant and s.stage = p_stage order by s.process;
end $$;

CREATE FUNCTION public.bundle_pointers_v1(p_slug text, p_stage text) RETURNS TABLE(tenant text, tenant_id integer, stage text, digest text, serial integer, activated_by text, activated_at timestamp with time zone, attestations bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query
  select t.slug, p.tenant_id, p.stage, p.digest, p.serial, p.activated_by, p.activated_at,
         (select count(*) from bundle_attestation a where a.tenant_id = p.tenant_id and a.digest = p.digest)
  from tenant t
  join bundle_pointer p on p.tenant_id = t.tenant_id and p.stage = p_stage
  where (p_slug is null or t.slug = p_slug)
    and (p_slug is not null
         or p.serial = (select max(x.serial) from bundle_pointer x where x.tenant_id = t.tenant_id and x.stage = p_stage))
  order by t.slug, p.serial desc;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.bundle_publish_v1(p_tenant integer, p_digest text, p_data bytea, p_envelope bytea, p_unapproved boolean, p_by text, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into bundle (tenant_id, digest, data, unapproved, published_by, published_at)
  values (p_tenant, p_digest, p_data, p_unapproved, p_by, p_now)
  on conflict do nothing;
  insert into bundle_attestation (tenant_id, digest, envelope_sha, envelope, published_by, published_at)
  values (p_tenant, p_digest, encode(sha256(p_envelope), 'hex'), p_envelope, p_by, p_now)
  on conflict do nothing;
end $$;

CREATE FUNCTION public.bundle_saw_v1(p_tenant integer, p_process text, p_stage text, p_digest text, p_wanted text, p_error text, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into bundle_seen (tenant_id, process, stage, digest, wanted, error, seen_at)
  values (p_tenant, p_process, p_stage, p_digest, p_wanted, p_error, p_now)
  on conflict (tenant_id, process) do update
  set stage = excluded.stage, digest = excluded.digest, wanted = excluded.wanted, error = excluded.error,
      seen_at = excluded.seen_at;
  delete from bundle_seen s where s.tenant_id = p_tenant and s.seen_at < p_now - interval '1 hour';
end $$;

CREATE FUNCTION public.case_ref_v1(p_conversation uuid, p_from bigint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select 'C-' || upper(substr(h, 1, 6)) || '-' || upper(substr(h, 7, 6))
  from encode(sha256(convert_to(p_conversation || ':' || p_from, 'UTF8')), 'hex') h
$$;

CREATE FUNCTION public.claim_search_v1(p_tenant integer, p_digest text, p_question text, p_limit integer) RETURNS TABLE(claim_id text, score real, matched_text text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_plain text[] := tsvector_to_array(to_tsvector('pg_catalog.simple', p_question));
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  with question as (
    select c.language, tsvector_to_array(to_tsvector(text_config_v1(c.language), p_question)) as stems
    from (select distinct x.language from claim_index x where x.tenant_id = p_tenant and x.digest = p_digest) c
  ), candidate as (
    select x.claim_id, x.text, x.kind, x.n, q.stems, tsvector_to_array(x.tsv) as theirs,
           tsvector_to_array(x.plain) as words
    from claim_index x
    join question q on q.language = x.language
    where x.tenant_id = p_tenant and x.digest = p_digest
  ), scored as (
    select c.claim_id, c.text, c.n, greatest(
      case when c.stems && c.theirs then
        case c.kind when 'question' then 1.0 else 0.6 end
        * (0.6 * shared_words_v1(c.stems, c.theirs) / cardinality(c.stems)
           + 0.4 * shared_words_v1(c.stems, c.theirs) / cardinality(c.theirs)) end,
      case when c.kind = 'question' and v_plain && c.words
                and 4 * shared_words_v1(v_plain, c.words) >= 3 * greatest(cardinality(v_plain), cardinality(c.words)) then
        shared_words_v1(v_plain, c.words)::numeric / greatest(cardinality(v_plain), cardinality(c.words)) end
    )::float4 as score
    from candidate c
    where c.stems && c.theirs or (c.kind = 'question' and v_plain && c.words)
  ), best as (
    select distinct on (s.claim_id) s.claim_id, s.text, s.score
    from scored s where s.score > 0
    order by s.claim_id, s.score desc, s.n
  )
  select b.claim_id, b.score, b.text from best b order by b.score desc, b.claim_id limit p_limit;
end $$;

CREATE FUNCTION public.claim_search_v2(p_tenant integer, p_digest text, p_question text, p_limit integer, p_embedder text, p_vector text) RETURNS TABLE(claim_id text, score real, matched_text text, likeness real)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_nestloop TO 'off'
    AS $$
declare
  v_asked vector := p_vector::vector;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  with near as materialized (
    select x.claim_id, x.n, x.text, e.vector, 1 - (e.vector <=> v_asked) as like_it,
           row_number() over (partition by x.claim_id order by e.vector <=> v_asked, x.n) as place
    from claim_index x
    join embedding_cache e on e.tenant_id = p_tenant and e.embedder = p_embedder
                          and e.sha256 = x.sha256
    where x.tenant_id = p_tenant and x.digest = p_digest
  ), ground as (
    select coalesce(avg(x.like_it), 0) as mean from near x
  ), meant as (
    select x.claim_id, max(x.text) filter (where x.place = 1) as text,
           (avg(x.like_it) filter (where x.place <= 3) + 1 - (avg(x.vector) <=> v_asked)) / 2 as like_it
    from near x group by x.claim_id
  ), by_meaning as (
    select m.claim_id, m.text,
           greatest(0, (m.like_it - g.mean) / greatest(1 - g.mean, 0.0001))::float4 as likeness,
           row_number() over (order by m.like_it desc, m.claim_id) as place
    from meant m cross join ground g
  ), by_words as (
    select w.claim_id, w.score, w.matched_text from claim_search_v1(p_tenant, p_digest, p_question, p_limit) w
  )
  select coalesce(w.claim_id, m.claim_id), coalesce(w.score, 0)::float4, coalesce(w.matched_text, m.text),
         coalesce(m.likeness, 0)::float4
  from by_words w
  full join by_meaning m on m.claim_id = w.claim_id
  where w.claim_id is not null or m.place <= p_limit
  order by coalesce(m.likeness, 0) desc, coalesce(w.score, 0) desc, 1;
end $$;

CREATE FUNCTION public.claim_v1(p_owner text, p_limit integer, p_lease_s double precision, p_now timestamp with time zone) RETURNS TABLE(tenant_id integer, conversation_id uuid, fence bigint, attempts integer, until timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_tenants int[];
  v_got int := 0;
begin
  perform set_config('app.every', 'on', true);
  until := p_now + make_interval(secs => p_lease_s);
  -- A tenant that another worker is serving this instant is skipped; the top-up below still reaches it.
  select array_agg(w.tenant_id order by w.tenant_id) into v_tenants
  from (
    select t.tenant_id from tenant_turn t
    where exists (select from conversation_queue q where q.tenant_id = t.tenant_id and q.ready_at <= p_now)
    order by t.turn_at, t.tenant_id limit p_limit
    for no key update of t skip locked
  ) w;
  if v_tenants is not null then
    update tenant_turn t set turn_at = greatest(p_now, t.turn_at + interval '1 microsecond')
    where t.tenant_id = any (v_tenants);
    return query
    with chosen as materialized (
      select ready.tenant_id, ready.conversation_id
      from unnest(v_tenants) as w (tenant_id)
      cross join lateral (
        select q.tenant_id, q.conversation_id from conversation_queue q
        where q.tenant_id = w.tenant_id and q.ready_at <= p_now
        order by q.ready_at
        limit ceil(p_limit::numeric / cardinality(v_tenants))::int
        for no key update skip locked
      ) ready
      limit p_limit
    )
    update conversation_queue q
    set fence = q.fence + 1, attempts = least(q.attempts + 1, 1000), owner = p_owner, ready_at = claim_v1.until,
        leased_seq = q.last_seq
    from chosen c
    where q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
    returning q.tenant_id, q.conversation_id, q.fence, q.attempts::int, claim_v1.until;
    get diagnostics v_got = row_count;
  end if;
  if v_got < p_limit then
    return query
    with chosen as materialized (
      select q.tenant_id, q.conversation_id from conversation_queue q
      where q.ready_at <= p_now
      order by q.ready_at limit p_limit - v_got
      for no key update skip locked
    )
    update conversation_queue q
    set fence = q.fence + 1, attempts = least(q.attempts + 1, 1000), owner = p_owner, ready_at = claim_v1.until,
        leased_seq = q.last_seq
    from chosen c
    where q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
    returning q.tenant_id, q.conversation_id, q.fence, q.attempts::int, claim_v1.until;
  end if;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.claim_v2(p_owner text, p_limit integer, p_lease_s double precision, p_now timestamp with time zone) RETURNS TABLE(tenant_id integer, conversation_id uuid, fence bigint, attempts integer, until timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_tenants int[];
  v_got int := 0;
begin
  perform set_config('app.every', 'on', true);
  until := p_now + make_interval(secs => p_lease_s);
  -- A tenant that another worker is serving this instant is skipped; the top-up below still reaches it.
  select array_agg(w.tenant_id order by w.tenant_id) into v_tenants
  from (
    select t.tenant_id from tenant_turn t
    where exists (select from conversation_queue q where q.tenant_id = t.tenant_id and q.ready_at <= p_now and queue_free_v1(q, p_now))
    order by t.turn_at, t.tenant_id limit p_limit
    for no key update of t skip locked
  ) w;
  if v_tenants is not null then
    update tenant_turn t set turn_at = greatest(p_now, t.turn_at + interval '1 microsecond')
    where t.tenant_id = any (v_tenants);
    return query
    with chosen as materialized (
      select ready.tenant_id, ready.conversation_id
      from unnest(v_tenants) as w (tenant_id)
      cross join lateral (
        select q.tenant_id, q.conversation_id from conversation_queue q
        where q.tenant_id = w.tenant_id and q.ready_at <= p_now and queue_free_v1(q, p_now)
        order by q.ready_at
        limit ceil(p_limit::numeric / cardinality(v_tenants))::int
        for no key update skip locked
      ) ready
      limit p_limit
    )
    update conversation_queue q
    set fence = q.fence + 1, attempts = least(q.attempts + 1, 1000), owner = p_owner, ready_at = claim_v2.until,
        leased_seq = q.last_seq
    from chosen c
    where q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
    returning q.tenant_id, q.conversation_id, q.fence, q.attempts::int, claim_v2.until;
    get diagnostics v_got = row_count;
  end if;
  if v_got < p_limit then
    return query
    with chosen as materialized (
      select q.tenant_id, q.conversation_id from conversation_queue q
      where q.ready_at <= p_now and queue_free_v1(q, p_now)
      order by q.ready_at limit p_limit - v_got
      for no key update skip locked
    )
    update conversation_queue q
    set fence = q.fence + 1, attempts = least(q.attempts + 1, 1000), owner = p_owner, ready_at = claim_v2.until,
        leased_seq = q.last_seq
    from chosen c
    where q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
    returning q.tenant_id, q.conversation_id, q.fence, q.attempts::int, claim_v2.until;
  end if;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.close_case_v1(p_tenant integer, p_case uuid, p_by text, p_entry uuid, p_note bytea, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  f case_file;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  update case_file x set state = 'closed', closed_at = p_now, closed_by = p_by
   where x.tenant_id = p_tenant and x.id = p_case and x.state = 'open' returning * into f;
  if not found then
    return false;
  end if;
  update case_file x set closed_n = desk_audit_v1(p_tenant, 'case closed', p_by,
      jsonb_build_object('case', p_case, 'ref', f.ref, 'conversation', f.conversation_id, 'contact', f.contact_id), p_now,
      p_entry, p_note)
   where x.tenant_id = p_tenant and x.id = p_case;
  return true;
end $$;

CREATE FUNCTION public.commit_turn_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamp with time zone, p_turn jsonb, p_sends jsonb, p_send_id uuid[], p_send_body bytea[], p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[], p_holds jsonb, p_cases jsonb, p_counts jsonb, p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_from bigint;
  v_answered int8multirange;
  v_done bigint := p_upto;
  v_out bigint;
  v_audit bigint;
  v_prev bytea;
  v_hash bytea;
  v_contact uuid;
  v_connection text;
  v_channel text;
  v_pinned text;
  v_stream text := 'conv/' || p_conversation;
  v_header jsonb;
  v_facts boolean;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select q.done_seq, q.answered, q.out_n, q.audit_n, q.audit_hash into v_from, v_answered, v_out, v_audit, v_prev
  from conversation_queue q
  where q.tenant_id = p_tenant and q.conversation_id = p_conversation and q.fence = p_fence
    and q.done_seq < p_upto and q.last_seq >= p_upto
  for no key update;
  if not found then
    return false;
  end if;
  v_pinned := pinned_v1(p_tenant, p_conversation);
  v_header := p_audit_header || jsonb_build_object('from', v_from, 'upto', p_upto, 'fence', p_fence);
  v_hash := audit_hash_v1(v_prev, p_tenant, v_stream, v_audit + 1, p_audit_id, p_now, v_header, p_audit_body);
  insert into audit (tenant_id, stream, n, id, at, header, body, prev, hash)
  values (p_tenant, v_stream, v_audit + 1, p_audit_id, p_now, v_header, p_audit_body, v_prev, v_hash);
  if v_answered is not null then
    select d.done, d.answered into v_done, v_answered from queue_done_v1(p_upto, v_answered) d;
  end if;
  update conversation_queue q
  set done_seq = v_done,
      answered = v_answered,
      ready_at = case when q.last_seq > v_done then p_now end,
      attempts = 0,
      owner = null,
      out_n = q.out_n + cardinality(p_send_id),
      audit_n = q.audit_n + 1,
      audit_hash = v_hash
  where q.tenant_id = p_tenant and q.conversation_id = p_conversation;

  update conversation c
  set pinned = p_turn ->> 'pinned',
      pinned_at = case when v_pinned = p_turn ->> 'pinned' then c.pinned_at else p_now end,
      last_turn_at = p_now,
      mode = case when p_turn ->> 'stop_bot' is not null then 'stopped' else c.mode end,
      asked = case when p_turn ->> 'asks' is not null then p_turn ->> 'asks'
                   when c.asked = any (p_answers) then null else c.asked end
  where c.tenant_id = p_tenant and c.conversation_id = p_conversation
  returning c.contact_id, c.connection_id, c.channel into strict v_contact, v_connection, v_channel;

  -- The same messages are answered again when the last look asks for it: the newer answer stands.
  insert into turn as t (tenant_id, conversation_id, upto_seq, from_seq, id, disposition, bundle, pinned, fence,
                         counts, cost_micropence, at)
  values (p_tenant, p_conversation, p_upto, v_from, (p_turn ->> 'id')::uuid, p_turn ->> 'disposition', p_turn ->> 'bundle',
          p_turn ->> 'pinned', p_fence, p_counts, (p_turn ->> 'cost')::bigint, p_now)
  on conflict (tenant_id, conversation_id, upto_seq) do update
  set from_seq = excluded.from_seq, id = excluded.id, disposition = excluded.disposition, bundle = excluded.bundle,
      pinned = excluded.pinned, fence = excluded.fence, counts = excluded.counts, cost_micropence = t.cost_micropence + excluded.cost_micropence,
      at = excluded.at;

  -- Facts about the person, each with its version: the last look waits for this row and then sees them.
  v_facts := p_turn -> 'suppress' <> 'null' or p_holds <> '[]';
  if v_facts or p_turn ->> 'language' is not null then
    update contact c
    set ver = c.ver + case when v_facts then 1 else 0 end, language = coalesce(p_turn ->> 'language', c.language)
    where c.tenant_id = p_tenant and c.contact_id = v_contact;
  end if;
  if p_turn -> 'suppress' <> 'null' then
    perform set_config('app.every', 'on', true);
    perform suppress_v1(p_tenant, v_contact, p_turn -> 'suppress' ->> 'scope', p_turn -> 'suppress' ->> 'reason', p_now);
    perform set_config('app.every', '', true);
  end if;
  if p_holds <> '[]' then
    insert into hold (tenant_id, id, contact_id, conversation_id, category, priority, set_by, set_at)
    select p_tenant, x.id, v_contact, p_conversation, x.category, x.priority, 'screen', p_now
    from jsonb_to_recordset(p_holds) as x (id uuid, category text, priority smallint)
    order by x.category
    on conflict (tenant_id, contact_id, category) where cleared_at is null do nothing;
  end if;

  if p_sends <> '[]' then
    insert into outbox (tenant_id, id, conversation_id, contact_id, connection_id, channel, n, key, upto_seq, part, send_class,
                        due_at, body, claims, claim_digests, has_link, has_ask, asks, answers_seq, template, campaign, bundle,
                        created_at)
    select p_tenant, s.id, p_conversation, v_contact, v_connection, v_channel, v_out + s.i,
           concat_ws(':', p_conversation, p_upto, x.part, p_fence), p_upto, x.part, x.send_class, coalesce(x.due_at, p_now), s.body,
           x.claims, x.claim_digests, x.has_link, x.has_ask, x.asks, x.answers_seq, x.template, x.campaign, p_turn ->> 'bundle',
           p_now
    from unnest(p_send_id, p_send_body) with ordinality as s (id, body, i)
    join rows from (jsonb_to_recordset(p_sends) as (
           part smallint, send_class text, due_at timestamptz, claims text[], claim_digests text[], has_link boolean,
           has_ask boolean, asks text, answers_seq bigint, template text, campaign text)) with ordinality
         as x (part, send_class, due_at, claims, claim_digests, has_link, has_ask, asks, answers_seq, template, campaign, i)
      on x.i = s.i;
  end if;

  if p_answers <> '{}' then
    insert into answer as a (tenant_id, contact_id, question, id, ciphertext, at)
    select p_tenant, v_contact, x.question, x.id, x.ciphertext, p_now
    from unnest(p_answers, p_answer_id, p_answer_ciphertext) as x (question, id, ciphertext)
    order by x.question
    on conflict (tenant_id, contact_id, question) do update
    set id = excluded.id, ciphertext = excluded.ciphertext, at = excluded.at;
  end if;
  if p_counts <> '{}' then
    insert into signal_count as s (tenant_id, conversation_id, category, n)
    select p_tenant, p_conversation, x.key, x.value::int from jsonb_each_text(p_counts) x order by x.key
    on conflict (tenant_id, conversation_id, category) do update set n = s.n + excluded.n;
  end if;

  if p_cases <> '[]' then
    insert into case_file as f (tenant_id, id, ref, conversation_id, contact_id, kind, reason, priority, page, due_at, opened_at,
                                opened_by)
    select p_tenant, x.id, case_ref_v1(p_conversation, v_from) || case when x.i > 1 then '-' || x.i else '' end, p_conversation,
           v_contact, x.kind, x.reason, x.priority, x.page, p_now + make_interval(mins => x.sla_minutes), p_now, 'turn'
    from rows from (jsonb_to_recordset(p_cases) as (
           id uuid, kind text, reason text, priority smallint, sla_minutes int, page boolean)) with ordinality
         as x (id, kind, reason, priority, sla_minutes, page, i)
    order by x.i
    on conflict (tenant_id, ref) do update -- the turn was done again: the person was told this reference
    set state = 'open', closed_at = null, closed_by = null, priority = least(f.priority, excluded.priority),
        kind = excluded.kind, reason = excluded.reason, page = f.page or excluded.page,
        paged_at = case when excluded.page then null else f.paged_at end;
  end if;

  if (p_turn ->> 'cost')::bigint > 0 then
    perform spend_settle_v1(p_tenant, v_contact, (p_turn ->> 'cost')::bigint, p_now);
  end if;
  insert into event (tenant_id, id, at, kind, conversation_id, contact_id, data)
  values (p_tenant, p_audit_id, p_now, 'turn', p_conversation, v_contact, jsonb_build_object(
    'disposition', p_turn ->> 'disposition', 'messages', p_upto - v_from, 'sends', cardinality(p_send_id)));
  return true;
end $$;

CREATE FUNCTION public.commit_turn_v2(p_tenant integer, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamp with time zone, p_turn jsonb, p_sends jsonb, p_send_id uuid[], p_send_body bytea[], p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[], p_holds jsonb, p_cases jsonb, p_counts jsonb, p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.commit_turn_v3(p_tenant integer, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamp with time zone, p_turn jsonb, p_sends jsonb, p_send_id uuid[], p_send_body bytea[], p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[], p_holds jsonb, p_cases jsonb, p_counts jsonb, p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.consent_record_v1(p_tenant integer, p_contact uuid, p_wrapped_key bytea, p_language text, p_identity uuid, p_kind text, p_ciphertext bytea, p_blind bytea, p_suppression_blind bytea, p_organisation_blind bytea, p_event uuid, p_channel text, p_purpose text, p_basis text, p_sender text, p_source text, p_at timestamp with time zone, p_audit uuid, p_now timestamp with time zone) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_contact uuid;
begin
  perform set_config('app.every', 'on', true);  -- the organisation's suppression list spans tenants
  select i.contact_id into v_contact from identity i where i.tenant_id = p_tenant and i.blind = p_blind;
  if v_contact is null then
    insert into contact (tenant_id, contact_id, wrapped_key, language, created_at)
    values (p_tenant, p_contact, p_wrapped_key, p_language, p_now);
    insert into identity (tenant_id, blind, suppression_blind, organisation_blind, identity_id, contact_id, kind, ciphertext, created_at)
    values (p_tenant, p_blind, p_suppression_blind, p_organisation_blind, p_identity, p_contact, p_kind, p_ciphertext, p_now)
    on conflict do nothing;
    if not found then  -- another transaction met them first
      delete from contact c where c.tenant_id = p_tenant and c.contact_id = p_contact;
      select i.contact_id into strict v_contact from identity i where i.tenant_id = p_tenant and i.blind = p_blind;
    else
      v_contact := p_contact;
    end if;
  end if;
  -- A fact about the person: it raises their version, under their lock, in this transaction.
  update contact c set ver = c.ver + 1 where c.tenant_id = p_tenant and c.contact_id = v_contact and c.wrapped_key is not null;
  if not found then
    return null;
  end if;
  insert into consent_event (tenant_id, id, contact_id, kind, channel, purpose, basis, sender, source, at, recorded_at)
  values (p_tenant, p_event, v_contact, 'granted', p_channel, p_purpose, p_basis, p_sender, p_source, p_at, p_now);
  perform audit_append_v1(p_tenant, 'desk/' || p_tenant, p_audit, p_now,
    jsonb_build_object('what', 'consent', 'contact', v_contact, 'event', p_event, 'channel', p_channel, 'purpose', p_purpose,
                       'basis', p_basis, 'source', p_source), ''::bytea);
  perform set_config('app.every', '', true);
  return v_contact;
end $$;

CREATE FUNCTION public.conversation_key_v1(p_tenant integer, p_conversation uuid) RETURNS TABLE(contact_id uuid, wrapped_key bytea, language text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  select k.contact_id, k.wrapped_key, k.language from conversation c
  join contact k on k.tenant_id = c.tenant_id and k.contact_id = c.contact_id
  where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
end $$;

CREATE FUNCTION public.desk_audit_v1(p_tenant integer, p_what text, p_by text, p_more jsonb, p_now timestamp with time zone, p_entry uuid DEFAULT NULL::uuid, p_typed bytea DEFAULT NULL::bytea) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
  v_n bigint;
begin
  if coalesce(btrim(p_by), '') = '' then
    raise exception 'an act needs somebody who does it' using errcode = '22023';
  end if;
  perform audit_append_v1(p_tenant, 'desk/' || p_tenant, coalesce(p_entry, gen_random_uuid()), p_now,
                          jsonb_build_object('what', p_what, 'by', p_by) || jsonb_strip_nulls(p_more),
                          coalesce(p_typed, ''::bytea));
  select s.n into strict v_n from audit_stream s where s.tenant_id = p_tenant and s.stream = 'desk/' || p_tenant;
  return v_n;
end $$;

CREATE FUNCTION public.desk_link_look_v1(p_token_hash bytea) RETURNS TABLE(operator text, role text, tenants integer[], expires_at timestamp with time zone, used_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query
  select l.operator, l.role, l.tenants, l.expires_at, l.used_at from desk_link l where l.token_hash = p_token_hash;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.desk_link_make_v1(p_token_hash bytea, p_operator text, p_role text, p_tenants integer[], p_now timestamp with time zone, p_expires timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.desk_link_use_v1(p_token_hash bytea, p_session_hash bytea, p_csrf_hash bytea, p_now timestamp with time zone, p_expires timestamp with time zone) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.desk_look_v1(p_tenant integer, p_conversation uuid, p_operator text, p_role text, p_id uuid, p_now timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.desk_session_end_v1(p_token_hash bytea, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.desk_session_v1(p_token_hash bytea, p_now timestamp with time zone) RETURNS TABLE(operator text, role text, tenants integer[], csrf_hash bytea, expires_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.desk_switches_v1(p_tenant integer) RETURNS TABLE(of_all boolean, kill_scope text, killed_by text, killed_at timestamp with time zone, entry uuid, typed bytea, requested_by text, requested_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.discard_v1(p_tenant integer, p_kind text, p_item uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_conversation uuid;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  case p_kind
    when 'dead_letter' then
      update dead_letter x set state = 'discarded', settled_by = p_by, settled_at = p_now
       where x.tenant_id = p_tenant and x.id = p_item and x.state = 'open' returning x.conversation_id into v_conversation;
    when 'outbox' then
      update outbox x set discarded_at = p_now, discarded_by = p_by
       where x.tenant_id = p_tenant and x.id = p_item and x.state in ('unknown', 'failed', 'dead') and x.discarded_at is null
      returning x.conversation_id into v_conversation;
    when 'reject' then
      update ingest_reject x set state = 'discarded', settled_by = p_by, settled_at = p_now
       where x.tenant_id = p_tenant and x.id = p_item and x.state = 'open';
    else
      return false;
  end case;
  if not found then
    return false;
  end if;
  perform desk_audit_v1(p_tenant, 'discarded', p_by,
    jsonb_build_object('kind', p_kind, 'item', p_item, 'conversation', v_conversation), p_now, p_entry, p_reason);
  return true;
end $$;

CREATE FUNCTION public.drill_envelopes_v1(p_tenant integer, p_digest text) RETURNS TABLE(envelope bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  select r.envelope from drill_result r
  where r.tenant_id = p_tenant and r.digest = p_digest and r.kind = 'attack' and r.failed = 0
  order by r.received desc limit 20;
end $$;

CREATE FUNCTION public.drill_record_v1(p_tenant integer, p_digest text, p_kind text, p_suite text, p_seed bigint, p_attacks integer, p_twins integer, p_failed integer, p_tool text, p_played_at timestamp with time zone, p_envelope bytea, p_by text, p_audit_id uuid, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into drill_result (tenant_id, digest, envelope_sha, kind, suite, seed, attacks, twins, failed, tool, played_at, envelope,
                            recorded_by, recorded_at)
  values (p_tenant, p_digest, encode(sha256(p_envelope), 'hex'), p_kind, p_suite, p_seed, p_attacks, p_twins, p_failed, p_tool,
          p_played_at, p_envelope, p_by, p_now)
  on conflict do nothing;
  if not found then
    return false;
  end if;
  perform audit_append_v1(
    p_tenant, 'desk/' || p_tenant, p_audit_id, p_now,
    jsonb_build_object('what', 'drill', 'kind', p_kind, 'digest', p_digest, 'suite', p_suite, 'seed', p_seed, 'attacks', p_attacks,
                       'twins', p_twins, 'failed', p_failed, 'tool', p_tool, 'played_at', p_played_at, 'by', p_by),
    ''::bytea);
  return true;
end $$;

CREATE FUNCTION public.drilled_v1(p_tenant integer, p_digest text, p_stage text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return p_stage = 'sandbox' or withstood_v1(p_tenant, p_digest) or was_in_force_v1(p_tenant, p_stage, p_digest);
end $$;

CREATE FUNCTION public.embeddings_missing_v1(p_tenant integer, p_embedder text, p_texts text[]) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  select distinct x from unnest(p_texts) as x
  where not exists (select from embedding_cache e where e.tenant_id = p_tenant and e.embedder = p_embedder
                    and e.sha256 = text_sha256_v1(x));
end $$;

CREATE FUNCTION public.embeddings_store_v1(p_tenant integer, p_embedder text, p_texts text[], p_vectors text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into embedding_cache (tenant_id, embedder, sha256, vector)
  select p_tenant, p_embedder, text_sha256_v1(x.said), x.numbers::vector
  from unnest(p_texts, p_vectors) as x (said, numbers)
  order by 3
  on conflict do nothing;
end $$;

CREATE FUNCTION public.enable_v1(p_tenant integer, p_by text, p_now timestamp with time zone) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_scope text;
  v_epoch bigint;
  r kill_request;
  v_tenant int;
  v_what text;
begin
  perform set_config('app.every', 'on', true);
  if p_tenant is null then
    select p.kill_scope, p.kill_epoch into v_scope, v_epoch from platform p for no key update;
  else
    select t.kill_scope, t.kill_epoch into v_scope, v_epoch from tenant t where t.tenant_id = p_tenant for no key update;
  end if;
  if v_scope is distinct from 'none' then
    select * into r from kill_request k
     where k.tenant_id is not distinct from p_tenant and k.confirmed_at is null and k.kill_epoch = v_epoch;
    v_what := case when r.id is null or person_v1(r.requested_by) = person_v1(p_by) then 'waiting' else 'enabled' end;
    if r.id is null then
      insert into kill_request (id, tenant_id, requested_by, requested_at, kill_epoch)
      values (gen_random_uuid(), p_tenant, p_by, p_now, v_epoch);
    elsif v_what = 'enabled' then
      update kill_request k set confirmed_by = p_by, confirmed_at = p_now where k.id = r.id;
      if p_tenant is null then
        update platform p set kill_scope = 'none', kill_epoch = p.kill_epoch + 1;
      else
        update tenant t set kill_scope = 'none', kill_epoch = t.kill_epoch + 1 where t.tenant_id = p_tenant;
      end if;
      update outbox o set due_at = p_now
       where o.state = 'pending' and o.kill_waited and o.due_at > p_now and (p_tenant is null or o.tenant_id = p_tenant);
    end if;
    for v_tenant in select t.tenant_id from tenant t where t.tenant_id = coalesce(p_tenant, t.tenant_id) order by t.tenant_id loop
      perform desk_audit_v1(v_tenant, case v_what when 'enabled' then 'enabled' else 'asked to enable' end, p_by,
        jsonb_build_object('scope', v_scope, 'all', p_tenant is null, 'asked_by', r.requested_by), p_now);
    end loop;
  end if;
  perform set_config('app.every', '', true);
  return coalesce(v_what, 'enabled');
end $$;

CREATE FUNCTION public.fail_turn_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_error text, p_max_attempts integer, p_jitter double precision, p_id uuid, p_case uuid, p_version text, p_now timestamp with time zone) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  q record;
  v_upto bigint;
  v_done record;
  v_contact uuid;
  v_header jsonb;
  v_hash bytea;
  v_stream text := 'conv/' || p_conversation;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select x.done_seq, x.leased_seq, x.answered, x.attempts, x.audit_n, x.audit_hash into q
  from conversation_queue x
  where x.tenant_id = p_tenant and x.conversation_id = p_conversation and x.fence = p_fence and x.done_seq < x.last_seq
  for no key update;
  if not found then
    return 'lost';
  end if;
  if q.attempts < p_max_attempts then
    update conversation_queue x
    set ready_at = p_now + least(interval '1 hour', make_interval(secs => 2 ^ x.attempts)) * (0.5 + p_jitter), owner = null,
        fence = x.fence + 1
    where x.tenant_id = p_tenant and x.conversation_id = p_conversation;
    return 'retry';
  end if;
  -- What was answered already is none of it; what came after that gets its own tries.
  v_upto := coalesce((select min(lower(r)) - 1 from unnest(q.answered) r where lower(r) <= q.leased_seq), q.leased_seq);
  select * into v_done from queue_done_v1(v_upto, q.answered);
  v_header := jsonb_build_object('what', 'dead letter', 'from', q.done_seq, 'upto', v_upto, 'error', p_error,
                                 'attempts', q.attempts);
  v_hash := audit_hash_v1(q.audit_hash, p_tenant, v_stream, q.audit_n + 1, p_id, p_now, v_header, ''::bytea);
  insert into audit (tenant_id, stream, n, id, at, header, body, prev, hash)
  values (p_tenant, v_stream, q.audit_n + 1, p_id, p_now, v_header, ''::bytea, q.audit_hash, v_hash);
  update conversation_queue x
  set done_seq = v_done.done, answered = v_done.answered, ready_at = case when x.last_seq > v_done.done then p_now end, attempts = 0, owner = null,
      fence = x.fence + 1, audit_n = x.audit_n + 1, audit_hash = v_hash
  where x.tenant_id = p_tenant and x.conversation_id = p_conversation;
  insert into dead_letter (tenant_id, id, conversation_id, from_seq, upto_seq, error, attempts, version, at)
  values (p_tenant, p_id, p_conversation, q.done_seq, v_upto, p_error, q.attempts, p_version, p_now);
  select c.contact_id into strict v_contact from conversation c
  where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  insert into case_file (tenant_id, id, ref, conversation_id, contact_id, kind, reason, priority, page, due_at, opened_at,
                         opened_by)
  values (p_tenant, p_case, 'D-' || upper(left(replace(p_case::text, '-', ''), 12)), p_conversation, v_contact, 'dead_letter',
          p_error, 1, true, p_now + interval '15 minutes', p_now, 'worker');
  insert into event (tenant_id, id, at, kind, conversation_id, contact_id, data)
  values (p_tenant, gen_random_uuid(), p_now, 'alert', p_conversation, v_contact,
          jsonb_build_object('case', p_case, 'kind', 'dead_letter', 'reason', p_error));
  return 'dead';
end $$;

CREATE FUNCTION public.hand_back_v1(p_tenant integer, p_conversation uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.in_flight_v1(p_tenant integer, p_human boolean) RETURNS TABLE(tenant_id integer, id uuid, conversation_id uuid, channel text, send_class text, sending_at timestamp with time zone, lease_until timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query
    select o.tenant_id, o.id, o.conversation_id, o.channel, o.send_class, o.sending_at, o.lease_until from outbox o
     where o.state = 'sending' and (p_tenant is null or o.tenant_id = p_tenant) and (p_human or o.send_class <> 'human')
     order by o.sending_at, o.id;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.ingest_reject_v1(p_tenant integer, p_id uuid, p_connection text, p_kind text, p_error text, p_body bytea, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into ingest_reject (tenant_id, id, connection_id, kind, error, body, received_at)
  values (p_tenant, p_id, p_connection, p_kind, p_error, p_body, p_now)
  on conflict do nothing; -- redelivered
end $$;

CREATE FUNCTION public.ingest_statuses_v1(p_tenant integer[], p_connection text[], p_seen_hmac bytea[], p_sent_on date[], p_id uuid[], p_provider_hmac bytea[], p_client_ref text[], p_status text[], p_at timestamp with time zone[], p_error_code integer[], p_received_at timestamp with time zone[]) RETURNS TABLE(n integer, outcome text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET lock_timeout TO '500ms'
    AS $$
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

CREATE FUNCTION public.ingest_v1(p_tenant integer[], p_connection text[], p_channel text[], p_what text[], p_received_at timestamp with time zone[], p_sent_at timestamp with time zone[], p_sent_on date[], p_provider_hmac bytea[], p_id uuid[], p_kind text[], p_payload bytea[], p_stop_scope text[], p_stop_matched text[], p_contact uuid[], p_wrapped_key bytea[], p_conversation uuid[], p_audit_id uuid[], p_identity uuid[], p_identity_kind text[], p_identity_ciphertext bytea[], p_blind bytea[], p_suppression_blind bytea[], p_organisation_blind bytea[], p_alias_of integer[], p_alias_identity uuid[], p_alias_kind text[], p_alias_ciphertext bytea[], p_alias_blind bytea[], p_alias_suppression_blind bytea[], p_alias_organisation_blind bytea[]) RETURNS TABLE(n integer, outcome text, conversation_id uuid, seq bigint, contact_id uuid, wrapped_key bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET lock_timeout TO '500ms'
    AS $$
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

CREATE FUNCTION public.ingest_v2(p_tenant integer[], p_connection text[], p_channel text[], p_what text[], p_received_at timestamp with time zone[], p_sent_at timestamp with time zone[], p_sent_on date[], p_provider_hmac bytea[], p_id uuid[], p_kind text[], p_payload bytea[], p_stop_scope text[], p_stop_matched text[], p_contact uuid[], p_wrapped_key bytea[], p_conversation uuid[], p_audit_id uuid[], p_identity uuid[], p_identity_kind text[], p_identity_ciphertext bytea[], p_blind bytea[], p_suppression_blind bytea[], p_organisation_blind bytea[], p_wait_ms integer[], p_urgent boolean[], p_alias_of integer[], p_alias_identity uuid[], p_alias_kind text[], p_alias_ciphertext bytea[], p_alias_blind bytea[], p_alias_suppression_blind bytea[], p_alias_organisation_blind bytea[], p_most_s double precision) RETURNS TABLE(n integer, outcome text, conversation_id uuid, seq bigint, contact_id uuid, wrapped_key bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET lock_timeout TO '500ms'
    AS $$
#variable_conflict use_column
declare
  r record;
  v_at timestamptz;
begin
  -- A function of this kind has run to its end when its first row comes: what it set is unset again, its locks are ours.
  for r in
    select * from ingest_v1(
      p_tenant, p_connection, p_channel, p_what, p_received_at, p_sent_at, p_sent_on, p_provider_hmac, p_id, p_kind, p_payload,
      p_stop_scope, p_stop_matched, p_contact, p_wrapped_key, p_conversation, p_audit_id, p_identity, p_identity_kind,
      p_identity_ciphertext, p_blind, p_suppression_blind, p_organisation_blind, p_alias_of, p_alias_identity, p_alias_kind,
      p_alias_ciphertext, p_alias_blind, p_alias_suppression_blind, p_alias_organisation_blind)
  loop
    perform set_config('app.every', 'on', true);
    v_at := p_received_at[r.n];
    if r.outcome = 'stored' and p_what[r.n] = 'message' and (p_urgent[r.n] or p_wait_ms[r.n] > 0) then
      update conversation_queue q
      set burst_at = b.at,
          quiet_until = case when p_wait_ms[r.n] > 0 then least(v_at + make_interval(secs => p_wait_ms[r.n] / 1000.0),
                                                                b.at + make_interval(secs => p_most_s)) else q.quiet_until end,
          urgent_seq = case when p_urgent[r.n] then r.seq else q.urgent_seq end
      from (select case when x.owner is null and r.seq - 1 > x.done_seq then coalesce(x.burst_at, v_at) else v_at end as at
            from conversation_queue x
            where x.tenant_id = p_tenant[r.n] and x.conversation_id = r.conversation_id) b
      where q.tenant_id = p_tenant[r.n] and q.conversation_id = r.conversation_id;
    elsif r.outcome = 'stored' and p_what[r.n] = 'operator' then
      perform operator_said_v1(p_tenant[r.n], r.conversation_id, p_contact[r.n], p_connection[r.n], p_channel[r.n], p_id[r.n],
                               p_payload[r.n], p_provider_hmac[r.n], least(p_sent_at[r.n], v_at), v_at);
    end if;
    n := r.n; outcome := r.outcome; conversation_id := r.conversation_id; seq := r.seq; contact_id := r.contact_id;
    wrapped_key := r.wrapped_key;
    return next;
  end loop;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.kill_now_v1(p_tenant integer, OUT scope text, OUT epoch bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  select case when 'everything' in (t.kill_scope, p.kill_scope) then 'everything'
              when 'machine' in (t.kill_scope, p.kill_scope) then 'machine' else 'none' end,
         t.kill_epoch + p.kill_epoch
    into scope, epoch
    from tenant t cross join platform p where t.tenant_id = p_tenant;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.kill_v1(p_tenant integer, p_scope text, p_by text, p_tenants integer[], p_entries uuid[], p_reasons bytea[], p_now timestamp with time zone) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_scope text;
  v_tenant int;
  v_n bigint;
begin
  perform set_config('app.every', 'on', true);
  if p_tenant is null then
    update platform p
       set kill_scope = case when p.kill_scope = 'everything' then p.kill_scope else p_scope end, kill_epoch = p.kill_epoch + 1,
           killed_by = p_by, killed_at = p_now
    returning p.kill_scope into v_scope;
  else
    update tenant t
       set kill_scope = case when t.kill_scope = 'everything' then t.kill_scope else p_scope end, kill_epoch = t.kill_epoch + 1,
           killed_by = p_by, killed_at = p_now
     where t.tenant_id = p_tenant
    returning t.kill_scope into v_scope;
  end if;
  for v_tenant in select t.tenant_id from tenant t where t.tenant_id = coalesce(p_tenant, t.tenant_id) order by t.tenant_id loop
    v_n := desk_audit_v1(v_tenant, 'killed', p_by, jsonb_build_object('scope', v_scope, 'all', p_tenant is null), p_now,
                         p_entries[array_position(p_tenants, v_tenant)], p_reasons[array_position(p_tenants, v_tenant)]);
    update tenant t set kill_n = case when p_tenant is null then t.kill_n else v_n end,
                        all_kill_n = case when p_tenant is null then v_n else t.all_kill_n end
     where t.tenant_id = v_tenant;
    insert into event (tenant_id, id, at, kind, data)
    values (v_tenant, gen_random_uuid(), p_now, 'alert', jsonb_build_object('kind', 'kill', 'scope', v_scope));
  end loop;
  perform set_config('app.every', '', true);
  return v_scope;
end $$;

CREATE FUNCTION public.last_look_v1(p_tenant integer, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamp with time zone) RETURNS TABLE(effect text, rule text, row_no integer, kill_epoch bigint, lease_until timestamp with time zone, key text, connection_id text, channel text, contact_id uuid, wrapped_key bytea, body bytea, template text, identity_id uuid, identity_kind text, identity_value bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.last_look_v2(p_tenant integer, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamp with time zone) RETURNS TABLE(effect text, rule text, row_no integer, kill_epoch bigint, lease_until timestamp with time zone, key text, connection_id text, channel text, contact_id uuid, wrapped_key bytea, body bytea, template text, identity_id uuid, identity_kind text, identity_value bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.last_look_v3(p_tenant integer, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamp with time zone) RETURNS TABLE(effect text, rule text, row_no integer, kill_epoch bigint, lease_until timestamp with time zone, key text, connection_id text, channel text, contact_id uuid, wrapped_key bytea, body bytea, template text, identity_id uuid, identity_kind text, identity_value bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.lift_hold_v1(p_tenant integer, p_contact uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_categories text[];
begin
  perform set_config('app.tenant', p_tenant::text, true);
  update contact c set ver = c.ver + 1 where c.tenant_id = p_tenant and c.contact_id = p_contact;
  with lifted as (
    update hold h set cleared_at = p_now, cleared_by = p_by
     where h.tenant_id = p_tenant and h.contact_id = p_contact and h.cleared_at is null returning h.category)
  select array_agg(l.category order by l.category) into v_categories from lifted l;
  if v_categories is null then
    return 0;
  end if;
  perform desk_audit_v1(p_tenant, 'hold lifted', p_by,
    jsonb_build_object('contact', p_contact, 'categories', v_categories), p_now, p_entry, p_reason);
  return cardinality(v_categories);
end $$;

CREATE FUNCTION public.load_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_pending integer, p_lines integer) RETURNS TABLE(what text, id uuid, n bigint, at timestamp with time zone, at2 timestamp with time zone, name text, data bytea, doc jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  q record;
  c record;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select x.done_seq, x.last_seq, coalesce(x.answered, '{}') as answered into q from conversation_queue x
  where x.tenant_id = p_tenant and x.conversation_id = p_conversation and x.fence = p_fence and x.done_seq < x.last_seq;
  if not found then
    return;
  end if;
  select x.contact_id, x.connection_id, x.channel, x.mode, x.human_owner, x.asked, x.created_at, k.wrapped_key, k.language,
         k.opted_out_at, k.given_name, s.stage
  into strict c
  from conversation x
  join contact k on k.tenant_id = x.tenant_id and k.contact_id = x.contact_id
  left join connection s on s.tenant_id = x.tenant_id and s.id = x.connection_id
  where x.tenant_id = p_tenant and x.conversation_id = p_conversation;
  return query
  select 'head', c.contact_id, q.done_seq, c.opted_out_at, c.created_at, null::text, c.wrapped_key, jsonb_build_object(
    'connection', c.connection_id, 'channel', c.channel, 'stage', c.stage, 'mode', c.mode, 'human_owner', c.human_owner,
    'asked', c.asked, 'killed', (select k.scope from kill_now_v1(p_tenant) k), 'language', c.language, 'case_ref', case_ref_v1(p_conversation, q.done_seq),
    'consent_source', (select e.source from consent_event e where e.tenant_id = p_tenant and e.contact_id = c.contact_id
                       and e.kind = 'granted' order by e.at desc limit 1))
  union all
  select 'given_name', c.contact_id, 0, null, null, null, c.given_name, null where c.given_name is not null
  union all
  (select 'pending', x.id, x.seq, x.received_at, x.sent_at, x.kind, x.payload,
          jsonb_build_object('scope', x.stop_scope, 'matched', x.stop_matched)
   from inbox x
   where x.tenant_id = p_tenant and x.conversation_id = p_conversation and x.seq > q.done_seq and x.seq <= q.last_seq
     and not q.answered @> x.seq
   order by x.seq limit p_pending)
  union all
  (select 'theirs', x.id, x.seq, x.received_at, null, null, x.payload, null
   from inbox x
   where x.tenant_id = p_tenant and x.conversation_id = p_conversation and x.seq > q.done_seq - p_lines and x.seq <= q.last_seq
     and (x.seq <= q.done_seq or q.answered @> x.seq))
  union all
  (select 'ours', o.id, o.n, o.sending_at, null, null, o.body, to_jsonb(o.claims)
   from outbox o
   where o.tenant_id = p_tenant and o.conversation_id = p_conversation and o.state in ('sending', 'sent', 'unknown')
   order by o.n desc limit p_lines)
  union all
  select 'shown', null, 0, s.shown_at, null, s.claim_id, null, null from shown s
  where s.tenant_id = p_tenant and s.contact_id = c.contact_id
  union all
  select 'answer', a.id, 0, a.at, null, a.question, a.ciphertext, null from answer a
  where a.tenant_id = p_tenant and a.contact_id = c.contact_id
  union all
  select 'count', null, s.n, null, null, s.category, null, null from signal_count s
  where s.tenant_id = p_tenant and s.conversation_id = p_conversation
  union all
  select 'hold', null, h.priority, h.set_at, null, h.category, null, null from hold h
  where h.tenant_id = p_tenant and h.contact_id = c.contact_id and h.cleared_at is null
  union all
  select 'case', f.id, 0, f.opened_at, null, f.kind, null, null from case_file f
  where f.tenant_id = p_tenant and f.contact_id = c.contact_id and f.state = 'open'
  union all
  select 'withdrawn', null, 0, w.withdrawn_at, null, w.claim_digest, null, null from claim_withdrawal w
  where w.tenant_id = p_tenant;
end $$;

CREATE FUNCTION public.load_v2(p_tenant integer, p_conversation uuid, p_fence bigint, p_pending integer, p_lines integer, p_pictures boolean, p_now timestamp with time zone) RETURNS TABLE(what text, id uuid, n bigint, at timestamp with time zone, at2 timestamp with time zone, name text, data bytea, doc jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.media_keep_v1(p_tenant integer, p_id uuid, p_conversation uuid, p_contact uuid, p_seq bigint, p_state text, p_reason text, p_media_type text, p_size integer, p_data bytea, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into media (tenant_id, id, conversation_id, contact_id, seq, state, reason, media_type, size, sha256, data, at)
  values (p_tenant, p_id, p_conversation, p_contact, p_seq, p_state, p_reason, p_media_type, p_size,
          sha256(coalesce(p_data, ''::bytea)), p_data, p_now)
  on conflict do nothing;
  return found;
end $$;

CREATE FUNCTION public.models_down_v1(p_tenant integer, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.models_up_v1(p_tenant integer, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.names_real_stage_v1(p_envelope bytea) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return convert_from(decode(convert_from(p_envelope, 'UTF8')::jsonb ->> 'payload', 'base64'), 'UTF8')::jsonb
         -> 'predicate' -> 'stages' ?| array['staging', 'live'];
exception when others then
  return false;
end $$;

CREATE FUNCTION public.operator_said_v1(p_tenant integer, p_conversation uuid, p_contact uuid, p_connection text, p_channel text, p_id uuid, p_body bytea, p_provider_hmac bytea, p_said_at timestamp with time zone, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_n bigint;
  v_upto bigint;
  v_owner text;
begin
  if exists (select from outbox o where o.tenant_id = p_tenant and o.provider_hmac = p_provider_hmac) then
    return;
  end if;
  update conversation_queue q set out_n = q.out_n + 1, typing_until = null
  where q.tenant_id = p_tenant and q.conversation_id = p_conversation returning q.out_n, q.last_seq into v_n, v_upto;
  insert into outbox (tenant_id, id, conversation_id, contact_id, connection_id, channel, n, key, part, send_class, state, due_at,
                      body, claims, claim_digests, has_link, has_ask, answers_seq, bundle, author, provider_hmac, status,
                      status_at, created_at, sending_at, settled_at)
  values (p_tenant, p_id, p_conversation, p_contact, p_connection, p_channel, v_n, p_id::text, 0, 'human', 'sent', p_now, p_body,
          '{}', '{}', false, false, nullif(v_upto, 0), coalesce((
            select b.digest from bundle_pointer b join connection x on x.tenant_id = b.tenant_id and x.stage = b.stage
            where b.tenant_id = p_tenant and x.id = p_connection order by b.serial desc limit 1), ''),
          'the phone', p_provider_hmac, 'sent', p_said_at, p_now, p_said_at, p_now);
  select c.human_owner into v_owner from conversation c where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  if v_owner is null then
    update conversation c set human_owner = 'the phone', human_since = p_now
    where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  end if;
  perform audit_append_v1(p_tenant, 'send/' || p_conversation, gen_random_uuid(), p_now,
    jsonb_build_object('what', 'written from the phone', 'outbox', p_id, 'class', 'human', 'author', 'the phone',
                       'taken_over', v_owner is null), sha256(p_body));
end $$;

CREATE FUNCTION public.page_seen_v1(p_tenant integer, p_conversation uuid, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.partitions_job_v1(p_ahead_days integer, p_keep_seen_days integer, p_now timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  return partitions_v1(p_ahead_days, p_keep_seen_days, p_now);
end $$;

CREATE FUNCTION public.partitions_v1(p_ahead_days integer, p_keep_seen_days integer, p_now timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $_$
declare
  v_today date := (p_now at time zone 'UTC')::date;
  v_parent text;
  v_day date;
  v_name text;
  v_made int := 0;
  r record;
begin
  perform set_config('app.every', 'on', true);
  foreach v_parent in array array['inbox', 'inbox_seen'] loop
    for v_day in select generate_series(v_today, v_today + p_ahead_days, interval '1 day')::date loop
      v_name := v_parent || to_char(v_day, '_YYYYMMDD');
      continue when to_regclass(v_name) is not null;
      begin
        if v_parent = 'inbox' then
          execute format('create table %I partition of inbox for values from (%L) to (%L)', v_name,
                         v_day || ' 00:00:00+00', v_day + 1 || ' 00:00:00+00');
        else
          execute format('create table %I partition of inbox_seen for values from (%L) to (%L)', v_name, v_day, v_day + 1);
        end if;
      exception when check_violation then
        continue; -- that day's rows are in the default partition already, and may stay there
      end;
      execute format('alter table %I enable row level security', v_name);
      execute format('alter table %I force row level security', v_name);
      execute format('create policy every_tenant on %I to convo_owner using (current_setting(''app.every'', true) = ''on'')',
                     v_name);
      execute format(
        'create policy one_tenant on %I using (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::int)', v_name);
      v_made := v_made + 1;
    end loop;
  end loop;
  for r in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'inbox_seen'::regclass and c.relname ~ '^inbox_seen_\d{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') < v_today - p_keep_seen_days
  loop
    execute format('drop table %I', r.relname);
  end loop;
  delete from inbox_seen_default s where s.seen_at < p_now - make_interval(days => p_keep_seen_days);
  perform set_config('app.every', '', true);
  return v_made;
end $_$;

CREATE FUNCTION public.person_v1(p_by text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select lower(btrim(regexp_replace(regexp_replace(normalize(p_by, NFKC), '\(login [^()]*\)', ' ', 'gi'), '\s+', ' ', 'g')))
$$;

CREATE FUNCTION public.pin_v1(p_tenant integer, p_conversation uuid) RETURNS TABLE(pinned text, connection_id text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  select pinned_v1(p_tenant, p_conversation), c.connection_id from conversation c
  where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
end $$;

CREATE FUNCTION public.pinned_v1(p_tenant integer, p_conversation uuid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select c.pinned
  from conversation c
  join conversation_queue q on q.tenant_id = c.tenant_id and q.conversation_id = c.conversation_id
  join inbox x on x.tenant_id = q.tenant_id and x.conversation_id = q.conversation_id and x.seq = q.done_seq + 1
  where c.tenant_id = p_tenant and c.conversation_id = p_conversation
    and x.received_at - c.last_turn_at <= interval '24 hours' and x.received_at - c.pinned_at <= interval '7 days'
$$;

CREATE FUNCTION public.pointer_needs_drill() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  if new.stage <> 'sandbox' and not withstood_v1(new.tenant_id, new.digest)
     and not was_in_force_v1(new.tenant_id, new.stage, new.digest) then
    raise exception 'the attack suite did not hold for %', new.digest using errcode = 'CV812';
  end if;
  return new;
end $$;

CREATE FUNCTION public.queue_done_v1(p_done bigint, p_answered int8multirange, OUT done bigint, OUT answered int8multirange) RETURNS record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select d.done, nullif(p_answered - int8multirange(int8range(null, d.done + 1)), '{}'::int8multirange)
  from (select coalesce(max(upper(r) - 1), p_done) as done from unnest(p_answered) r where r @> p_done + 1) d
$$;

CREATE TABLE public.conversation_queue (
    tenant_id integer NOT NULL,
    conversation_id uuid NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    done_seq bigint DEFAULT 0 NOT NULL,
    answered int8multirange,
    leased_seq bigint DEFAULT 0 NOT NULL,
    lines bigint DEFAULT 0 NOT NULL,
    out_n bigint DEFAULT 0 NOT NULL,
    ready_at timestamp with time zone,
    fence bigint DEFAULT 0 NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    owner text,
    last_inbound_at timestamp with time zone,
    audit_n bigint DEFAULT 0 NOT NULL,
    audit_hash bytea DEFAULT '\x'::bytea NOT NULL,
    burst_at timestamp with time zone,
    quiet_until timestamp with time zone,
    typing_until timestamp with time zone,
    urgent_seq bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');

ALTER TABLE ONLY public.conversation_queue FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.queue_free_v1(q public.conversation_queue, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select q.urgent_seq > q.done_seq or (greatest(q.quiet_until, q.typing_until) <= p_now) is not false
$$;

CREATE FUNCTION public.queue_gauges_v1(p_now timestamp with time zone) RETURNS TABLE(queue text, depth bigint, oldest_s double precision)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query
    select 'turns', count(*), coalesce(extract(epoch from p_now - min(q.ready_at)), 0)::double precision
      from conversation_queue q where q.ready_at <= p_now and q.owner is null
    union all
    select 'sends', count(*), coalesce(extract(epoch from p_now - min(o.due_at)), 0)::double precision
      from outbox o where o.state = 'pending' and o.due_at <= p_now
    union all
    select 'unknown', count(*), coalesce(extract(epoch from p_now - min(o.settled_at)), 0)::double precision
      from outbox o where o.state = 'unknown'
    union all
    select 'dead', count(*), coalesce(extract(epoch from p_now - min(d.at)), 0)::double precision
      from dead_letter d where d.state = 'open';
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.replay_v1(p_tenant integer, p_kind text, p_item uuid, p_by text, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  d dead_letter;
  o outbox;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  if p_kind = 'dead_letter' then
    select * into d from dead_letter x where x.tenant_id = p_tenant and x.id = p_item;
    perform from conversation_queue q where q.tenant_id = p_tenant and q.conversation_id = d.conversation_id for no key update;
    update dead_letter x set state = 'replayed', settled_by = p_by, settled_at = p_now
     where x.tenant_id = p_tenant and x.id = p_item and x.state = 'open' returning * into d;
    if not found then
      return false;
    end if;
    update conversation_queue q
       set fence = q.fence + 1, owner = null, attempts = 0, ready_at = p_now
     where q.tenant_id = p_tenant and q.conversation_id = d.conversation_id;
    perform turn_undo_v1(p_tenant, d.conversation_id, d.from_seq, d.upto_seq);
    perform desk_audit_v1(p_tenant, 'dead letter replayed', p_by,
      jsonb_build_object('item', p_item, 'conversation', d.conversation_id, 'from', d.from_seq, 'upto', d.upto_seq), p_now);
    return true;
  end if;
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_item
     and x.state in ('unknown', 'failed', 'dead') and x.discarded_at is null for no key update;
  if p_kind <> 'outbox' or not found then
    return false;
  end if;
  update outbox x
     set state = 'pending', due_at = p_now, attempts = 0, settled_at = null, owner = null, lease_until = null, sending_at = null,
         status = null, status_at = null, error_code = null
   where x.tenant_id = p_tenant and x.id = p_item;
  perform desk_audit_v1(p_tenant, case o.state when 'unknown' then 'unknown send repeated' else 'send tried again' end, p_by,
    jsonb_build_object('item', p_item, 'conversation', o.conversation_id, 'was', o.state), p_now);
  return true;
end $$;

CREATE FUNCTION public.search_ready_v1(p_tenant integer, p_digest text, p_embedder text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_nestloop TO 'off'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return exists (select from claim_index x where x.tenant_id = p_tenant and x.digest = p_digest)
    and not exists (
      select from claim_index x
      where x.tenant_id = p_tenant and x.digest = p_digest
        and not exists (select from embedding_cache e where e.tenant_id = p_tenant and e.embedder = p_embedder
                        and e.sha256 = x.sha256));
end $$;

CREATE FUNCTION public.secret_get_v1(p_tenant integer, p_name text) RETURNS TABLE(id uuid, ciphertext bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query select s.id, s.ciphertext from secret s where s.tenant_id = p_tenant and s.name = p_name;
end $$;

CREATE FUNCTION public.secret_set_v1(p_tenant integer, p_name text, p_id uuid, p_ciphertext bytea, p_by text, p_audit_id uuid, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into secret (tenant_id, name, id, ciphertext, set_by, set_at)
  values (p_tenant, p_name, p_id, p_ciphertext, p_by, p_now)
  on conflict (tenant_id, name) do update
  set id = excluded.id, ciphertext = excluded.ciphertext, set_by = excluded.set_by, set_at = excluded.set_at;
  perform audit_append_v1(p_tenant, 'desk/' || p_tenant, p_audit_id, p_now,
                          jsonb_build_object('what', 'secret set', 'name', p_name, 'by', p_by), ''::bytea);
end $$;

CREATE TABLE public.outbox (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    connection_id text NOT NULL,
    channel text NOT NULL,
    n bigint NOT NULL,
    key text NOT NULL,
    upto_seq bigint,
    part smallint NOT NULL,
    send_class text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    lease_until timestamp with time zone,
    owner text,
    attempts smallint DEFAULT 0 NOT NULL,
    body bytea NOT NULL,
    claims text[] NOT NULL,
    claim_digests text[] NOT NULL,
    has_link boolean NOT NULL,
    has_ask boolean NOT NULL,
    asks text,
    answers_seq bigint,
    template text,
    campaign text,
    bundle text NOT NULL,
    author text DEFAULT 'bot'::text NOT NULL,
    decided_rule text,
    decided_row integer,
    decided_effect text,
    decided_at timestamp with time zone,
    kill_epoch bigint,
    "position" bigint,
    provider_id bytea,
    provider_hmac bytea,
    status text,
    status_at timestamp with time zone,
    error_code integer,
    created_at timestamp with time zone NOT NULL,
    sending_at timestamp with time zone,
    settled_at timestamp with time zone,
    purpose text,
    kill_waited boolean DEFAULT false NOT NULL,
    cost_micropence bigint DEFAULT 0 NOT NULL,
    cost_day date,
    discarded_at timestamp with time zone,
    discarded_by text,
    CONSTRAINT outbox_send_class_check CHECK ((send_class = ANY (ARRAY['safety'::text, 'confirmation'::text, 'reply'::text, 'human'::text, 'service'::text, 'proactive'::text]))),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sending'::text, 'sent'::text, 'unknown'::text, 'failed'::text, 'dead'::text, 'superseded'::text]))),
    CONSTRAINT outbox_status_check CHECK ((status = ANY (ARRAY['sent'::text, 'delivered'::text, 'read'::text, 'failed'::text])))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000');

ALTER TABLE ONLY public.outbox FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.send_blocked_v1(p_row public.outbox) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select exists (
    select from outbox e
     where e.tenant_id = p_row.tenant_id and e.conversation_id = p_row.conversation_id and e.n < p_row.n
       and e.state in ('pending', 'sending') and send_rank_v1(e.send_class) <= send_rank_v1(p_row.send_class))
$$;

CREATE FUNCTION public.send_case_v1(p_tenant integer, p_conversation uuid, p_contact uuid, p_kind text, p_reason text, p_priority integer, p_page boolean, p_now timestamp with time zone) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.send_connection_v1(p_tenant integer, p_outbox uuid) RETURNS TABLE(connection_id text, digest text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
    select o.connection_id, (select b.digest from bundle_pointer b
                              where b.tenant_id = p_tenant and b.stage = x.stage order by b.serial desc limit 1)
      from outbox o join connection x on x.tenant_id = o.tenant_id and x.id = o.connection_id
     where o.tenant_id = p_tenant and o.id = p_outbox;
end $$;

CREATE FUNCTION public.send_decide_v1(p_tenant integer, p_digest text, p_facts text[], p_flags text[], p_class text, p_channel text, OUT effect text, OUT rule text, OUT row_no integer, OUT until text[], OUT notes text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
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

CREATE FUNCTION public.send_due_v1(p_limit integer, p_after integer, p_now timestamp with time zone) RETURNS TABLE(tenant_id integer, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  c_visits constant int := 64;
  v_tenant int := p_after;
  v_wrapped boolean := false;
  v_due_at timestamptz;
  v_found int[] := '{}';
begin
  perform set_config('app.every', 'on', true);
  for i in 1..c_visits loop
    select o.tenant_id, o.due_at into v_tenant, v_due_at from outbox o
     where o.state = 'pending' and o.tenant_id > v_tenant order by o.tenant_id, o.due_at limit 1;
    if not found then
      exit when v_wrapped;
      v_wrapped := true;
      v_tenant := 0;
      continue;
    end if;
    exit when v_wrapped and v_tenant > p_after;
    if v_due_at <= p_now then
      v_found := v_found || v_tenant;
      exit when cardinality(v_found) >= p_limit;
    end if;
  end loop;
  return query
    with slice as (
      select s.tenant_id, s.id, t.turn, s.due_at from unnest(v_found) with ordinality t (tenant_id, turn)
       cross join lateral (
         select o.tenant_id, o.id, o.due_at from outbox o
          where o.tenant_id = t.tenant_id and o.state = 'pending' and o.due_at <= p_now and not send_blocked_v1(o)
          order by o.due_at, o.id limit ceil(p_limit::numeric / greatest(1, cardinality(v_found)))::int) s
    ), longest as (
      select o.tenant_id, o.id, o.due_at from outbox o
       where o.state = 'pending' and o.due_at <= p_now and not send_blocked_v1(o)
       order by o.due_at, o.id limit p_limit
    ), chosen as (
      select s.tenant_id, s.id, 0 as part, s.turn, s.due_at from slice s
      union all
      select l.tenant_id, l.id, 1, 0, l.due_at from longest l where l.id not in (select s.id from slice s)
    )
    select c.tenant_id, c.id from chosen c order by c.part, c.due_at, c.turn, c.id limit p_limit;
  perform set_config('app.every', '', true);
  return query select coalesce(v_tenant, 0), null::uuid;
end $$;

CREATE FUNCTION public.send_epoch_v1(p_tenant integer, p_outbox uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_epoch bigint;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select k.epoch into v_epoch
    from kill_now_v1(p_tenant) k, outbox o
    join contact c on c.tenant_id = o.tenant_id and c.contact_id = o.contact_id
   where o.tenant_id = p_tenant and o.id = p_outbox
     and (o.author <> 'bot' or o.send_class = 'safety' or c.opted_out_at is null
          or (select d.facts -> 'facts' ? 'opted_out' from outbox_decision d
               where d.tenant_id = o.tenant_id and d.outbox_id = o.id order by d.at desc, d.id desc limit 1));
  return v_epoch;
end $$;

CREATE FUNCTION public.send_facts_v1(p_tenant integer, p_outbox uuid, p_now timestamp with time zone, OUT facts text[], OUT flags text[], OUT digest text, OUT unapproved boolean, OUT contact_ver bigint, OUT kill_epoch bigint, OUT opens timestamp with time zone, OUT frequency_free timestamp with time zone, OUT spend_cap bigint, OUT price bigint, OUT local_day date, OUT strikes integer, OUT struck boolean, OUT reachable boolean, OUT numbers jsonb) RETURNS record
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.send_failed_later_v1(p_tenant integer, p_outbox uuid, p_code integer, p_is_news boolean, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.send_hours_v1(p_policy jsonb, p_now timestamp with time zone, OUT in_hours boolean, OUT quiet_day boolean, OUT opens timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
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

CREATE FUNCTION public.send_identities_v1(p_channel text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case p_channel
    when 'whatsapp_360dialog' then array['phone', 'bsuid', 'lid'] when 'whatsapp_waha' then array['phone', 'lid']
    when 'webchat' then array['visitor'] when 'email' then array['email'] else '{}'::text[] end
$$;

CREATE FUNCTION public.send_price_v1(p_policy jsonb, p_class text, p_channel text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select greatest(0, coalesce((p_policy -> 'prices' -> p_channel ->> p_class)::bigint, case
    when p_channel in ('webchat', 'whatsapp_waha', 'email') then 0
    when p_channel = 'whatsapp_360dialog' and p_class in ('safety', 'confirmation', 'reply', 'human') then 0
    else 5500000 end))
$$;

CREATE FUNCTION public.send_put_back_v1(p_tenant integer, p_outbox uuid, p_owner text, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.send_queue_v1(p_tenant integer, p_id uuid, p_contact uuid, p_conversation uuid, p_connection text, p_class text, p_part smallint, p_body bytea, p_claims text[], p_claim_digests text[], p_has_link boolean, p_has_ask boolean, p_asks text, p_answers_seq bigint, p_template text, p_campaign text, p_author text, p_due_at timestamp with time zone, p_audit jsonb, p_now timestamp with time zone) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.send_quiet_day_v1(p_policy jsonb, p_day date) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select (p_policy -> 'quiet_weekdays') @> to_jsonb(extract(isodow from p_day)::int)
    or (p_policy -> 'quiet_dates') @> to_jsonb(to_char(p_day, 'YYYY-MM-DD'))
$$;

CREATE FUNCTION public.send_rank_v1(p_class text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select array_position(array['safety', 'confirmation', 'human', 'reply', 'service', 'proactive'], p_class)
$$;

CREATE FUNCTION public.send_recipient_v1(p_tenant integer, p_contact uuid, p_outbox uuid) RETURNS TABLE(contact_id uuid, wrapped_key bytea, language text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
    select c.contact_id, c.wrapped_key, c.language
      from contact c
     where c.tenant_id = p_tenant and c.wrapped_key is not null
       and c.contact_id = coalesce(p_contact, (select o.contact_id from outbox o where o.tenant_id = p_tenant and o.id = p_outbox));
end $$;

CREATE FUNCTION public.send_record_v1(p_tenant integer, p_outbox uuid, p_owner text, p_result text, p_provider_id bytea, p_provider_hmac bytea, p_code integer, p_detail text, p_retry boolean, p_retry_after_s double precision, p_person_stopped boolean, p_now timestamp with time zone) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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
    when p_result = 'unknown' and o.status = 'failed' then 'failed'
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
  if v_state in ('unknown', 'failed') and not p_person_stopped then
    perform send_stop_rest_v1(p_tenant, p_outbox, p_now);
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

CREATE FUNCTION public.send_redo_v1(p_tenant integer, p_outbox uuid, p_rule text, p_row integer, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  c_newer constant text := 'R-TURN-1';
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
     and x.state = 'superseded' and x.settled_at > p_now - interval '10 minutes'
     and (x.decided_rule = c_newer) = (p_rule = c_newer);
  select min(t.from_seq) into v_from
    from turn t
   where t.tenant_id = p_tenant and t.conversation_id = o.conversation_id and t.upto_seq between o.upto_seq and v_upto;
  if v_from is null or (p_rule <> c_newer and v_before >= 5) then
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
         ready_at = p_now + make_interval(secs => least(v_before, 4))
   where q.tenant_id = p_tenant and q.conversation_id = o.conversation_id;
  return true;
end $$;

CREATE FUNCTION public.send_refund_v1(p_tenant integer, p_outbox uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.send_sent_v1(p_tenant integer, p_outbox uuid, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  o outbox;
begin
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox;
  if o.state = 'sent' then
    perform send_shown_v1(p_tenant, p_outbox, p_now);
  end if;
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

CREATE FUNCTION public.send_severity_v1(p_effect text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case p_effect
    when 'refuse' then 7 when 'drop' then 6 when 'page' then 5 when 'case' then 4 when 'redo' then 3
    when 'defer' then 2 when 'pause' then 2 when 'template' then 1 when 'send' then 0 end
$$;

CREATE FUNCTION public.send_shown_v1(p_tenant integer, p_outbox uuid, p_now timestamp with time zone) RETURNS void
    LANGUAGE sql
    AS $$
  insert into shown as s (tenant_id, contact_id, claim_id, claim_digest, conversation_id, outbox_id, shown_at)
  select o.tenant_id, o.contact_id, c.claim_id, max(c.claim_digest), o.conversation_id, o.id, p_now
    from outbox o cross join lateral unnest(o.claims, o.claim_digests) as c (claim_id, claim_digest)
   where o.tenant_id = p_tenant and o.id = p_outbox and c.claim_id is not null
   group by o.tenant_id, o.contact_id, c.claim_id, o.conversation_id, o.id
  on conflict (tenant_id, contact_id, claim_id) do update
    set claim_digest = excluded.claim_digest, conversation_id = excluded.conversation_id, outbox_id = excluded.outbox_id,
        shown_at = excluded.shown_at
    where s.shown_at <= excluded.shown_at
$$;

CREATE FUNCTION public.send_stop_rest_v1(p_tenant integer, p_outbox uuid, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  o outbox;
  r outbox;
begin
  select * into o from outbox x where x.tenant_id = p_tenant and x.id = p_outbox;
  for r in
    update outbox x
       set state = 'superseded', settled_at = p_now, decided_effect = 'case', decided_rule = 'R-PART-1', decided_row = null,
           decided_at = p_now
     where x.tenant_id = p_tenant and x.conversation_id = o.conversation_id and x.upto_seq = o.upto_seq and x.n > o.n
       and x.state = 'pending' and x.send_class in ('reply', 'service')
    returning x.*
  loop
    perform send_case_v1(p_tenant, o.conversation_id, o.contact_id, 'not_sent', 'R-PART-1', 1, false, p_now);
    insert into outbox_decision (tenant_id, id, outbox_id, at, effect, rule, contact_ver, facts)
    select p_tenant, gen_random_uuid(), r.id, p_now, 'case', 'R-PART-1', c.ver,
           jsonb_build_object('facts', array['earlier_part'], 'flags', '{}'::text[], 'notes', '{}'::text[], 'after', p_outbox)
      from contact c where c.tenant_id = p_tenant and c.contact_id = r.contact_id;
    perform audit_append_v1(p_tenant, 'send/' || o.conversation_id, gen_random_uuid(), p_now,
      jsonb_build_object('what', 'decision', 'outbox', r.id, 'class', r.send_class, 'effect', 'case', 'rule', 'R-PART-1',
                         'row', null, 'facts', array['earlier_part'], 'after', p_outbox, 'claims', r.claim_digests), ''::bytea);
  end loop;
end $$;

CREATE FUNCTION public.send_sweep_v1(p_deduplicating text[], p_now timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  r record;
  v_state text;
  v_status text;
  v_shown boolean; -- on a visitor's page since it is being sent: that cannot be taken back
  v_count int := 0;
begin
  perform set_config('app.every', 'on', true);
  for r in
    select x.tenant_id, x.id, x.conversation_id, x.contact_id, x.channel, x.send_class from outbox x
     where x.state = 'sending' and x.lease_until <= p_now
     order by x.tenant_id, x.contact_id, x.id limit 500
  loop
    perform from contact c where c.tenant_id = r.tenant_id and c.contact_id = r.contact_id for no key update;
    select x.status, x.position is not null into v_status, v_shown from outbox x
     where x.tenant_id = r.tenant_id and x.id = r.id and x.state = 'sending' and x.lease_until <= p_now for no key update;
    continue when not found;  -- settled while we waited
    v_state := case when v_shown or v_status in ('sent', 'delivered', 'read') then 'sent'
                    when v_status = 'failed' then 'failed'
                    when r.channel = any (p_deduplicating) then 'pending' else 'unknown' end;
    update outbox x
       set state = v_state, owner = null, lease_until = null,
           due_at = case when v_state = 'pending' then p_now else x.due_at end,
           settled_at = case when v_state = 'pending' then null else p_now end
     where x.tenant_id = r.tenant_id and x.id = r.id;
    if v_state in ('sent', 'unknown') then
      perform send_sent_v1(r.tenant_id, r.id, p_now);
    else
      perform send_refund_v1(r.tenant_id, r.id);
    end if;
    if v_state in ('unknown', 'failed') then
      perform send_stop_rest_v1(r.tenant_id, r.id, p_now);
    end if;
    if v_state = 'failed' and r.send_class <> 'proactive' then
      perform send_case_v1(r.tenant_id, r.conversation_id, r.contact_id, 'send_failed', 'provider',
        case when r.send_class = 'safety' then 0 else 1 end, r.send_class = 'safety', p_now);
    end if;
    perform audit_append_v1(r.tenant_id, 'send/' || r.conversation_id, gen_random_uuid(), p_now,
      jsonb_build_object('what', 'swept', 'outbox', r.id, 'state', v_state), ''::bytea);
    v_count := v_count + 1;
  end loop;
  -- A look that read the switch just before it was lifted defers its row just after: `enable` cannot have seen that row.
  update outbox x set due_at = p_now
    from tenant t cross join platform p
   where x.state = 'pending' and x.kill_waited and x.due_at > p_now and x.decided_effect in ('defer', 'pause')
     and x.decided_rule in ('R-KILL-1', 'R-KILL-2')
     and t.tenant_id = x.tenant_id and t.kill_scope = 'none' and p.kill_scope = 'none';
  perform set_config('app.every', '', true);
  return v_count;
end $$;

CREATE FUNCTION public.send_waits_v1(p_tenant integer, p_outbox uuid, p_now timestamp with time zone, OUT until timestamp with time zone, OUT rule text, OUT fact text) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.shared_words_v1(p_one text[], p_other text[]) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select count(*) from unnest(p_one) as w where w = any (p_other)
$$;

CREATE FUNCTION public.spend_gather_v1(p_tenant integer, p_day date) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform from spend_day d where d.tenant_id = p_tenant and d.day = p_day for update;
  perform from spend_shard s where s.tenant_id = p_tenant and s.day = p_day order by s.shard for update;
  update spend_shard s set granted_micropence = s.spent_micropence where s.tenant_id = p_tenant and s.day = p_day;
  update spend_day d
     set granted_micropence = (select coalesce(sum(s.spent_micropence), 0) from spend_shard s
                               where s.tenant_id = p_tenant and s.day = p_day)
   where d.tenant_id = p_tenant and d.day = p_day;
end $$;

CREATE FUNCTION public.spend_give_back_v1(p_tenant integer, p_day date, p_contact uuid, p_amount bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  insert into spend_shard as s (tenant_id, day, shard, spent_micropence)
  values (p_tenant, p_day, (hashtext(p_contact::text) & 15)::smallint, -p_amount)
  on conflict (tenant_id, day, shard) do update set spent_micropence = s.spent_micropence + excluded.spent_micropence;
  update spend_contact s set spent_micropence = s.spent_micropence - p_amount
   where s.tenant_id = p_tenant and s.day = p_day and s.contact_id = p_contact;
end $$;

CREATE FUNCTION public.spend_reserve_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_id uuid, p_amount bigint, p_cap bigint, p_contact_cap bigint, p_lease_s double precision, p_now timestamp with time zone) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.spend_settle_v1(p_tenant integer, p_contact uuid, p_micropence bigint, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_day date := (p_now at time zone 'UTC')::date;
begin
  insert into spend_shard as s (tenant_id, day, shard, spent_micropence)
  values (p_tenant, v_day, (hashtext(p_contact::text) & 15)::smallint, p_micropence)
  on conflict (tenant_id, day, shard) do update set spent_micropence = s.spent_micropence + excluded.spent_micropence;
  insert into spend_contact as s (tenant_id, day, contact_id, spent_micropence)
  values (p_tenant, v_day, p_contact, p_micropence)
  on conflict (tenant_id, day, contact_id) do update set spent_micropence = s.spent_micropence + excluded.spent_micropence;
end $$;

CREATE FUNCTION public.spend_take_v1(p_tenant integer, p_day date, p_contact uuid, p_amount bigint, p_cap bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.stuck_v1(p_tenant integer) RETURNS TABLE(tenant_id integer, kind text, id uuid, conversation_id uuid, state text, reason text, attempts integer, at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query
    select s.* from (
      select d.tenant_id, 'dead_letter', d.id, d.conversation_id, d.state, d.error, d.attempts, d.at
        from dead_letter d where d.state = 'open'
      union all
      select o.tenant_id, 'outbox', o.id, o.conversation_id, o.state, o.decided_rule, o.attempts::int, coalesce(o.settled_at, o.created_at)
        from outbox o where o.state in ('unknown', 'failed', 'dead') and o.discarded_at is null
      union all
      select r.tenant_id, 'reject', r.id, null::uuid, r.state, r.error, 1, r.received_at
        from ingest_reject r where r.state = 'open') s (tenant_id, kind, id, conversation_id, state, reason, attempts, at)
     where p_tenant is null or s.tenant_id = p_tenant
     order by s.at, s.id;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.suppress_v1(p_tenant integer, p_contact uuid, p_scope text, p_reason text, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.suppressed_v1(p_tenant integer, p_suppression_blind bytea, p_organisation_blind bytea) RETURNS TABLE(at timestamp with time zone, scope text, reason text)
    LANGUAGE sql STABLE
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select o.at, 'organisation', o.reason from organisation_suppression o
  join tenant t on t.organisation_id = o.organisation_id
  where t.tenant_id = p_tenant and o.blind = p_organisation_blind
  union all
  select s.at, 'tenant', s.reason from suppression s where s.tenant_id = p_tenant and s.blind = p_suppression_blind
  order by 2 limit 1 -- the wider one
$$;

CREATE FUNCTION public.take_over_v1(p_tenant integer, p_conversation uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_before text;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  -- The lock the last look waits for: a look that began before us is over, one that begins later sees the owner.
  perform from conversation_queue q where q.tenant_id = p_tenant and q.conversation_id = p_conversation for no key update;
  select c.human_owner into v_before from conversation c where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  update conversation c set human_owner = p_by, human_since = p_now
   where c.tenant_id = p_tenant and c.conversation_id = p_conversation;
  if not found then
    return false;
  end if;
  perform desk_audit_v1(p_tenant, 'taken over', p_by,
    jsonb_build_object('conversation', p_conversation, 'from', v_before), p_now, p_entry, p_reason);
  return true;
end $$;

CREATE FUNCTION public.tenant_ensure_v1(p_tenant integer, p_slug text, p_name text, p_organisation text, p_wrapped_key bytea, p_now timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_organisation int;
  v_tenant int;
begin
  perform set_config('app.every', 'on', true);
  insert into organisation (slug) values (p_organisation) on conflict do nothing;
  select o.organisation_id into strict v_organisation from organisation o where o.slug = p_organisation;
  insert into tenant (tenant_id, slug, name, organisation_id, wrapped_key)
  values (p_tenant, p_slug, p_name, v_organisation, p_wrapped_key)
  on conflict (slug) do nothing;
  select t.tenant_id into strict v_tenant from tenant t where t.slug = p_slug;
  insert into tenant_turn (tenant_id, turn_at) values (v_tenant, p_now) on conflict do nothing;
  perform set_config('app.every', '', true);
  return v_tenant;
end $$;

CREATE FUNCTION public.tenant_reserve_v1() RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select nextval(pg_get_serial_sequence('tenant', 'tenant_id'))::int
$$;

CREATE FUNCTION public.tenants_v1() RETURNS TABLE(tenant_id integer, slug text, name text, organisation text, wrapped_key bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.every', 'on', true);
  return query
  select t.tenant_id, t.slug, t.name, o.slug, t.wrapped_key
  from tenant t join organisation o on o.organisation_id = t.organisation_id
  order by t.tenant_id;
  perform set_config('app.every', '', true);
end $$;

CREATE FUNCTION public.text_config_v1(p_language text) RETURNS regconfig
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select case split_part(lower(p_language), '-', 1)
    when 'en' then 'pg_catalog.english' when 'fr' then 'pg_catalog.french' when 'de' then 'pg_catalog.german'
    when 'es' then 'pg_catalog.spanish' when 'pt' then 'pg_catalog.portuguese' when 'it' then 'pg_catalog.italian'
    when 'nl' then 'pg_catalog.dutch' else 'pg_catalog.simple' end::regconfig
$$;

CREATE FUNCTION public.text_sha256_v1(p_text text) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$ select sha256(convert_to(p_text, 'UTF8')) $$;

CREATE FUNCTION public.turn_undo_v1(p_tenant integer, p_conversation uuid, p_from bigint, p_upto bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  update conversation_queue q
  set answered = nullif(coalesce(q.answered, '{}')
                        + int8multirange(int8range(least(p_from, q.done_seq) + 1, q.done_seq + 1))
                        - int8multirange(int8range(p_from + 1, p_upto + 1)), '{}'),
      done_seq = least(q.done_seq, p_from)
  where q.tenant_id = p_tenant and q.conversation_id = p_conversation;
  update signal_count s set n = greatest(0, s.n - u.n)
  from (select c.key, sum(c.value::int) as n from turn t, jsonb_each_text(t.counts) c
        where t.tenant_id = p_tenant and t.conversation_id = p_conversation and t.upto_seq > p_from and t.upto_seq <= p_upto
        group by c.key) u
  where s.tenant_id = p_tenant and s.conversation_id = p_conversation and s.category = u.key;
  update turn t set counts = '{}'
  where t.tenant_id = p_tenant and t.conversation_id = p_conversation and t.upto_seq > p_from and t.upto_seq <= p_upto
    and t.counts <> '{}';
end $$;

CREATE FUNCTION public.typing_v1(p_tenant integer, p_conversation uuid, p_until timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  update conversation_queue q set typing_until = greatest(q.typing_until, p_until)
   where q.tenant_id = p_tenant and q.conversation_id = p_conversation;
  return found;
end $$;

CREATE FUNCTION public.visitor_lines_v1(p_tenant integer, p_connection text, p_blind bytea, p_after bigint, p_now timestamp with time zone) RETURNS TABLE(line_position bigint, ours boolean, id uuid, ciphertext bytea, at timestamp with time zone, claims text[], contact_id uuid, wrapped_key bytea, by_person boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.was_in_force_v1(p_tenant integer, p_stage text, p_digest text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select exists (select from bundle_pointer p
                 where p.tenant_id = p_tenant and p.stage = p_stage and p.digest = p_digest)
$$;

CREATE FUNCTION public.why_v1(p_tenant integer, p_id uuid, p_key text, p_provider_hmac bytea) RETURNS TABLE(id uuid, contact_id uuid, wrapped_key bytea, body bytea, bundle text, doc jsonb)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  o outbox;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  select * into o from outbox x
   where x.tenant_id = p_tenant and (x.id = p_id or x.key = p_key or x.provider_hmac = p_provider_hmac) limit 1;
  if not found then
    return;
  end if;
  return query
    select o.id, o.contact_id, c.wrapped_key, o.body, o.bundle, jsonb_build_object(
      'message', jsonb_build_object('id', o.id, 'conversation', o.conversation_id, 'channel', o.channel, 'connection', o.connection_id,
        'class', o.send_class, 'state', o.state, 'author', o.author, 'campaign', o.campaign, 'template', o.template,
        'answers', o.answers_seq, 'status', o.status, 'bundle', o.bundle),
      'clock', jsonb_build_object('composed', o.created_at, 'due', o.due_at, 'decided', o.decided_at, 'sending', o.sending_at,
        'settled', o.settled_at, 'status', o.status_at),
      'decisions', coalesce((select jsonb_agg(jsonb_build_object('at', d.at, 'effect', d.effect, 'rule', d.rule, 'row', d.row_no,
          'until', d.until, 'contact_ver', d.contact_ver) || d.facts order by d.at, d.id)
        from outbox_decision d where d.tenant_id = p_tenant and d.outbox_id = o.id), '[]'),
      'turn', (select jsonb_build_object('disposition', t.disposition, 'from', t.from_seq, 'upto', t.upto_seq, 'bundle', t.bundle,
          'pinned', t.pinned, 'fence', t.fence, 'at', t.at)
        from turn t where t.tenant_id = p_tenant and t.conversation_id = o.conversation_id and t.upto_seq = o.upto_seq),
      'consent', coalesce((select jsonb_agg(jsonb_build_object('kind', e.kind, 'channel', e.channel, 'purpose', e.purpose,
          'basis', e.basis, 'sender', e.sender, 'source', e.source, 'wording', e.wording_digest, 'at', e.at) order by e.at)
        from consent_event e where e.tenant_id = p_tenant and e.contact_id = o.contact_id), '[]'),
      'opted_out_at', c.opted_out_at,
      'withdrawn', coalesce((select jsonb_agg(jsonb_build_object('claim', w.claim_digest, 'by', w.withdrawn_by, 'at', w.withdrawn_at,
          'entry', a.id, 'typed', encode(a.body, 'hex')) order by w.withdrawn_at, w.claim_digest)
        from claim_withdrawal w
        left join audit a on a.tenant_id = w.tenant_id and a.stream = 'desk/' || p_tenant and a.n = w.entry_n where w.tenant_id = p_tenant and w.claim_digest = any (o.claim_digests)), '[]'),
      'audit', coalesce((select jsonb_agg(jsonb_build_object('stream', a.stream, 'n', a.n, 'hash', encode(a.hash, 'hex')) order by a.n)
        from audit a where a.tenant_id = p_tenant and a.stream = 'send/' || o.conversation_id
         and a.header ->> 'outbox' = o.id::text), '[]'))
    from contact c where c.tenant_id = p_tenant and c.contact_id = o.contact_id;
end $$;

CREATE FUNCTION public.withdraw_v1(p_tenant integer, p_claim_digest text, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
  v_n bigint;
begin
  perform set_config('app.tenant', p_tenant::text, true);
  v_n := desk_audit_v1(p_tenant, 'claim withdrawn', p_by, jsonb_build_object('claim', p_claim_digest), p_now, p_entry, p_reason);
  insert into claim_withdrawal (tenant_id, claim_digest, withdrawn_by, withdrawn_at, entry_n)
  values (p_tenant, p_claim_digest, p_by, p_now, v_n) on conflict do nothing;
end $$;

CREATE FUNCTION public.withstood_v1(p_tenant integer, p_digest text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'public', 'pg_temp'
    AS $$
  select coalesce((
    select r.failed = 0 and r.attacks >= 105 and r.twins > 0 and r.played_at <= r.recorded_at + interval '5 minutes'
           and not exists (select from drill_result worse
                           where worse.tenant_id = p_tenant and worse.digest = p_digest and worse.kind = 'attack'
                             and worse.failed > 0 and worse.played_at >= r.played_at)
    from drill_result r
    where r.tenant_id = p_tenant and r.digest = p_digest and r.kind = 'attack'
    order by r.received desc limit 1), false)
$$;

CREATE TABLE public.answer (
    tenant_id integer NOT NULL,
    contact_id uuid NOT NULL,
    question text NOT NULL,
    id uuid NOT NULL,
    ciphertext bytea NOT NULL,
    at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.answer FORCE ROW LEVEL SECURITY;

CREATE TABLE public.audit (
    tenant_id integer NOT NULL,
    stream text NOT NULL,
    n bigint NOT NULL,
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    header jsonb NOT NULL,
    body bytea NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL
);

ALTER TABLE ONLY public.audit FORCE ROW LEVEL SECURITY;

CREATE TABLE public.audit_root (
    n bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    root bytea NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL,
    leaves integer NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL
);

ALTER TABLE ONLY public.audit_root FORCE ROW LEVEL SECURITY;

CREATE TABLE public.audit_root_leaf (
    tenant_id integer NOT NULL,
    root_n bigint NOT NULL,
    stream text NOT NULL,
    n bigint NOT NULL,
    hash bytea NOT NULL
);

ALTER TABLE ONLY public.audit_root_leaf FORCE ROW LEVEL SECURITY;

CREATE TABLE public.audit_sealed (
    tenant_id integer NOT NULL,
    stream text NOT NULL,
    place integer NOT NULL,
    n bigint NOT NULL,
    hash bytea NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.audit_sealed FORCE ROW LEVEL SECURITY;

CREATE TABLE public.audit_stream (
    tenant_id integer NOT NULL,
    stream text NOT NULL,
    n bigint NOT NULL,
    hash bytea NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.audit_stream FORCE ROW LEVEL SECURITY;

CREATE TABLE public.bundle (
    tenant_id integer NOT NULL,
    digest text NOT NULL,
    data bytea NOT NULL,
    unapproved boolean NOT NULL,
    published_by text NOT NULL,
    published_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.bundle FORCE ROW LEVEL SECURITY;

CREATE TABLE public.bundle_attestation (
    tenant_id integer NOT NULL,
    digest text NOT NULL,
    envelope_sha text NOT NULL,
    envelope bytea NOT NULL,
    published_by text NOT NULL,
    published_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.bundle_attestation FORCE ROW LEVEL SECURITY;

CREATE TABLE public.bundle_claim (
    tenant_id integer NOT NULL,
    digest text NOT NULL,
    claim_id text NOT NULL,
    claim_digest text NOT NULL,
    effective date NOT NULL,
    expires date,
    approved boolean NOT NULL,
    approved_until date
);

ALTER TABLE ONLY public.bundle_claim FORCE ROW LEVEL SECURITY;

CREATE TABLE public.bundle_pointer (
    tenant_id integer NOT NULL,
    stage text NOT NULL,
    serial integer NOT NULL,
    digest text NOT NULL,
    activated_by text NOT NULL,
    activated_at timestamp with time zone NOT NULL,
    CONSTRAINT bundle_pointer_stage_check CHECK ((stage = ANY (ARRAY['sandbox'::text, 'staging'::text, 'live'::text])))
);

ALTER TABLE ONLY public.bundle_pointer FORCE ROW LEVEL SECURITY;

CREATE TABLE public.bundle_seen (
    tenant_id integer NOT NULL,
    process text NOT NULL,
    stage text NOT NULL,
    digest text,
    wanted text NOT NULL,
    error text,
    seen_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.bundle_seen FORCE ROW LEVEL SECURITY;

CREATE TABLE public.case_file (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    ref text NOT NULL,
    conversation_id uuid,
    contact_id uuid,
    kind text NOT NULL,
    reason text NOT NULL,
    priority smallint NOT NULL,
    page boolean NOT NULL,
    paged_at timestamp with time zone,
    due_at timestamp with time zone,
    state text DEFAULT 'open'::text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    opened_by text NOT NULL,
    owner text,
    closed_at timestamp with time zone,
    closed_by text,
    closed_n bigint,
    CONSTRAINT case_file_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text])))
);

ALTER TABLE ONLY public.case_file FORCE ROW LEVEL SECURITY;

CREATE TABLE public.claim_index (
    tenant_id integer NOT NULL,
    digest text NOT NULL,
    claim_id text NOT NULL,
    n integer NOT NULL,
    language text NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    tsv tsvector NOT NULL,
    plain tsvector NOT NULL,
    embedder text,
    embedding public.vector,
    sha256 bytea GENERATED ALWAYS AS (public.text_sha256_v1(text)) STORED NOT NULL,
    CONSTRAINT claim_index_kind_check CHECK ((kind = ANY (ARRAY['question'::text, 'text'::text])))
);

ALTER TABLE ONLY public.claim_index FORCE ROW LEVEL SECURITY;

CREATE TABLE public.claim_withdrawal (
    tenant_id integer NOT NULL,
    claim_digest text NOT NULL,
    withdrawn_by text NOT NULL,
    withdrawn_at timestamp with time zone NOT NULL,
    entry_n bigint NOT NULL
);

ALTER TABLE ONLY public.claim_withdrawal FORCE ROW LEVEL SECURITY;

CREATE TABLE public.connection (
    tenant_id integer NOT NULL,
    id text NOT NULL,
    stage text NOT NULL,
    channel text NOT NULL,
    digest text NOT NULL
);

ALTER TABLE ONLY public.connection FORCE ROW LEVEL SECURITY;

CREATE TABLE public.consent_event (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    contact_id uuid NOT NULL,
    kind text NOT NULL,
    channel text NOT NULL,
    purpose text NOT NULL,
    basis text NOT NULL,
    sender text NOT NULL,
    source text NOT NULL,
    wording_digest text,
    evidence bytea,
    at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT consent_event_kind_check CHECK ((kind = ANY (ARRAY['granted'::text, 'withdrawn'::text, 'resumed'::text])))
);

ALTER TABLE ONLY public.consent_event FORCE ROW LEVEL SECURITY;

CREATE TABLE public.contact (
    tenant_id integer NOT NULL,
    contact_id uuid NOT NULL,
    ver bigint DEFAULT 1 NOT NULL,
    wrapped_key bytea,
    language text,
    given_name bytea,
    opted_out_at timestamp with time zone,
    opt_out_scope text,
    opt_out_reason text,
    strikes integer DEFAULT 0 NOT NULL,
    struck_out_at timestamp with time zone,
    last_proactive_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    erased_at timestamp with time zone,
    paused_until timestamp with time zone,
    CONSTRAINT contact_opt_out_scope_check CHECK ((opt_out_scope = ANY (ARRAY['tenant'::text, 'organisation'::text])))
)
WITH (fillfactor='80');

ALTER TABLE ONLY public.contact FORCE ROW LEVEL SECURITY;

CREATE TABLE public.conversation (
    tenant_id integer NOT NULL,
    conversation_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    connection_id text NOT NULL,
    channel text NOT NULL,
    pinned text,
    pinned_at timestamp with time zone,
    last_turn_at timestamp with time zone,
    mode text DEFAULT 'bot'::text NOT NULL,
    human_owner text,
    human_since timestamp with time zone,
    asked text,
    created_at timestamp with time zone NOT NULL,
    page_seen_at timestamp with time zone,
    handed_back_at timestamp with time zone,
    CONSTRAINT conversation_mode_check CHECK ((mode = ANY (ARRAY['bot'::text, 'stopped'::text])))
)
WITH (fillfactor='80');

ALTER TABLE ONLY public.conversation FORCE ROW LEVEL SECURITY;

CREATE TABLE public.dead_letter (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    from_seq bigint NOT NULL,
    upto_seq bigint NOT NULL,
    error text NOT NULL,
    attempts integer NOT NULL,
    version text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    at timestamp with time zone NOT NULL,
    settled_by text,
    settled_at timestamp with time zone,
    CONSTRAINT dead_letter_state_check CHECK ((state = ANY (ARRAY['open'::text, 'replayed'::text, 'discarded'::text])))
);

ALTER TABLE ONLY public.dead_letter FORCE ROW LEVEL SECURITY;

CREATE TABLE public.delivery_status (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    outbox_id uuid,
    provider_hmac bytea NOT NULL,
    status text NOT NULL,
    error_code integer,
    at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.delivery_status FORCE ROW LEVEL SECURITY;

CREATE TABLE public.desk_link (
    token_hash bytea NOT NULL,
    operator text NOT NULL,
    role text NOT NULL,
    tenants integer[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT desk_link_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'agent'::text, 'viewer'::text])))
);

ALTER TABLE ONLY public.desk_link FORCE ROW LEVEL SECURITY;

CREATE TABLE public.desk_session (
    token_hash bytea NOT NULL,
    operator text NOT NULL,
    role text NOT NULL,
    tenants integer[] NOT NULL,
    csrf_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT desk_session_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'agent'::text, 'viewer'::text])))
);

ALTER TABLE ONLY public.desk_session FORCE ROW LEVEL SECURITY;

CREATE TABLE public.drill_result (
    tenant_id integer NOT NULL,
    digest text NOT NULL,
    envelope_sha text NOT NULL,
    kind text NOT NULL,
    suite text NOT NULL,
    seed bigint NOT NULL,
    attacks integer NOT NULL,
    twins integer NOT NULL,
    failed integer NOT NULL,
    tool text NOT NULL,
    played_at timestamp with time zone NOT NULL,
    envelope bytea NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    received bigint NOT NULL,
    CONSTRAINT drill_result_attacks_check CHECK ((attacks >= 0)),
    CONSTRAINT drill_result_failed_check CHECK ((failed >= 0)),
    CONSTRAINT drill_result_twins_check CHECK ((twins >= 0))
);

ALTER TABLE ONLY public.drill_result FORCE ROW LEVEL SECURITY;

ALTER TABLE public.drill_result ALTER COLUMN received ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.drill_result_received_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.embedding_cache (
    tenant_id integer NOT NULL,
    embedder text NOT NULL,
    sha256 bytea NOT NULL,
    vector public.vector NOT NULL
);

ALTER TABLE ONLY public.embedding_cache FORCE ROW LEVEL SECURITY;

CREATE TABLE public.event (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    conversation_id uuid,
    contact_id uuid,
    data jsonb NOT NULL
);

ALTER TABLE ONLY public.event FORCE ROW LEVEL SECURITY;

CREATE TABLE public.hold (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    contact_id uuid NOT NULL,
    conversation_id uuid,
    category text NOT NULL,
    priority smallint NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    cleared_by text,
    cleared_at timestamp with time zone
);

ALTER TABLE ONLY public.hold FORCE ROW LEVEL SECURITY;

CREATE TABLE public.identity (
    tenant_id integer NOT NULL,
    blind bytea NOT NULL,
    suppression_blind bytea NOT NULL,
    organisation_blind bytea NOT NULL,
    identity_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    kind text NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.identity FORCE ROW LEVEL SECURITY;

CREATE TABLE public.inbox (
    tenant_id integer NOT NULL,
    conversation_id uuid NOT NULL,
    seq bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    provider_hmac bytea NOT NULL,
    payload bytea NOT NULL,
    "position" bigint NOT NULL,
    stop_scope text,
    stop_matched text
)
PARTITION BY RANGE (received_at);

ALTER TABLE ONLY public.inbox FORCE ROW LEVEL SECURITY;

CREATE TABLE public.inbox_default (
    tenant_id integer CONSTRAINT inbox_tenant_id_not_null NOT NULL,
    conversation_id uuid CONSTRAINT inbox_conversation_id_not_null NOT NULL,
    seq bigint CONSTRAINT inbox_seq_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT inbox_received_at_not_null NOT NULL,
    id uuid CONSTRAINT inbox_id_not_null NOT NULL,
    kind text CONSTRAINT inbox_kind_not_null NOT NULL,
    sent_at timestamp with time zone CONSTRAINT inbox_sent_at_not_null NOT NULL,
    provider_hmac bytea CONSTRAINT inbox_provider_hmac_not_null NOT NULL,
    payload bytea CONSTRAINT inbox_payload_not_null NOT NULL,
    "position" bigint CONSTRAINT inbox_position_not_null NOT NULL,
    stop_scope text,
    stop_matched text
);

ALTER TABLE ONLY public.inbox_default FORCE ROW LEVEL SECURITY;

CREATE TABLE public.inbox_seen (
    sent_on date NOT NULL,
    tenant_id integer NOT NULL,
    connection_id text NOT NULL,
    provider_hmac bytea NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    conversation_id uuid,
    seq bigint
)
PARTITION BY RANGE (sent_on);

ALTER TABLE ONLY public.inbox_seen FORCE ROW LEVEL SECURITY;

CREATE TABLE public.inbox_seen_default (
    sent_on date CONSTRAINT inbox_seen_sent_on_not_null NOT NULL,
    tenant_id integer CONSTRAINT inbox_seen_tenant_id_not_null NOT NULL,
    connection_id text CONSTRAINT inbox_seen_connection_id_not_null NOT NULL,
    provider_hmac bytea CONSTRAINT inbox_seen_provider_hmac_not_null NOT NULL,
    seen_at timestamp with time zone CONSTRAINT inbox_seen_seen_at_not_null NOT NULL,
    conversation_id uuid,
    seq bigint
);

ALTER TABLE ONLY public.inbox_seen_default FORCE ROW LEVEL SECURITY;

CREATE TABLE public.ingest_reject (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    connection_id text NOT NULL,
    kind text NOT NULL,
    error text NOT NULL,
    body bytea NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    settled_by text,
    settled_at timestamp with time zone,
    CONSTRAINT ingest_reject_state_check CHECK ((state = ANY (ARRAY['open'::text, 'replayed'::text, 'discarded'::text])))
);

ALTER TABLE ONLY public.ingest_reject FORCE ROW LEVEL SECURITY;

CREATE TABLE public.kill_request (
    id uuid NOT NULL,
    tenant_id integer,
    requested_by text NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    kill_epoch bigint NOT NULL,
    confirmed_by text,
    confirmed_at timestamp with time zone,
    CONSTRAINT kill_request_check CHECK ((confirmed_by IS DISTINCT FROM requested_by))
);

ALTER TABLE ONLY public.kill_request FORCE ROW LEVEL SECURITY;

CREATE TABLE public.media (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    seq bigint NOT NULL,
    state text DEFAULT 'fetched'::text NOT NULL,
    reason text,
    media_type text NOT NULL,
    size integer NOT NULL,
    sha256 bytea NOT NULL,
    data bytea,
    at timestamp with time zone NOT NULL,
    CONSTRAINT media_state_check CHECK ((state = ANY (ARRAY['fetched'::text, 'refused'::text])))
);

ALTER TABLE ONLY public.media FORCE ROW LEVEL SECURITY;

CREATE TABLE public.model_breaker (
    provider text NOT NULL,
    model text NOT NULL,
    failures integer NOT NULL,
    opened_at timestamp with time zone,
    trial_until timestamp with time zone,
    changed_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.model_breaker FORCE ROW LEVEL SECURITY;

CREATE TABLE public.model_outage (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    case_id uuid NOT NULL,
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);

ALTER TABLE ONLY public.model_outage FORCE ROW LEVEL SECURITY;

CREATE TABLE public.organisation (
    organisation_id integer NOT NULL,
    slug text NOT NULL
);

ALTER TABLE ONLY public.organisation FORCE ROW LEVEL SECURITY;

ALTER TABLE public.organisation ALTER COLUMN organisation_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.organisation_organisation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.organisation_suppression (
    organisation_id integer NOT NULL,
    blind bytea NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL,
    tenant_id integer NOT NULL
);

ALTER TABLE ONLY public.organisation_suppression FORCE ROW LEVEL SECURITY;

CREATE TABLE public.outbox_decision (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    outbox_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    effect text NOT NULL,
    rule text NOT NULL,
    row_no integer,
    until timestamp with time zone,
    contact_ver bigint NOT NULL,
    facts jsonb NOT NULL
);

ALTER TABLE ONLY public.outbox_decision FORCE ROW LEVEL SECURITY;

CREATE TABLE public.platform (
    only_row boolean DEFAULT true NOT NULL,
    kill_scope text DEFAULT 'none'::text NOT NULL,
    kill_epoch bigint DEFAULT 0 NOT NULL,
    killed_by text,
    killed_at timestamp with time zone,
    CONSTRAINT platform_kill_scope_check CHECK ((kill_scope = ANY (ARRAY['none'::text, 'machine'::text, 'everything'::text]))),
    CONSTRAINT platform_only_row_check CHECK (only_row)
);

ALTER TABLE ONLY public.platform FORCE ROW LEVEL SECURITY;

CREATE TABLE public.policy (
    tenant_id integer NOT NULL,
    digest text NOT NULL,
    body jsonb NOT NULL,
    unapproved boolean NOT NULL,
    organisation text NOT NULL
);

ALTER TABLE ONLY public.policy FORCE ROW LEVEL SECURITY;

CREATE TABLE public.schema_migration (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone NOT NULL
);

CREATE TABLE public.secret (
    tenant_id integer NOT NULL,
    name text NOT NULL,
    id uuid NOT NULL,
    ciphertext bytea NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.secret FORCE ROW LEVEL SECURITY;

CREATE TABLE public.send_rule (
    tenant_id integer NOT NULL,
    digest text NOT NULL,
    n integer NOT NULL,
    row_no integer NOT NULL,
    state text NOT NULL,
    send_class text NOT NULL,
    channel text NOT NULL,
    effect text NOT NULL,
    only_when text[] NOT NULL,
    otherwise text,
    until text,
    rule text NOT NULL
);

ALTER TABLE ONLY public.send_rule FORCE ROW LEVEL SECURITY;

CREATE TABLE public.shown (
    tenant_id integer NOT NULL,
    contact_id uuid NOT NULL,
    claim_id text NOT NULL,
    claim_digest text NOT NULL,
    conversation_id uuid NOT NULL,
    outbox_id uuid NOT NULL,
    shown_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');

ALTER TABLE ONLY public.shown FORCE ROW LEVEL SECURITY;

CREATE TABLE public.signal_count (
    tenant_id integer NOT NULL,
    conversation_id uuid NOT NULL,
    category text NOT NULL,
    n integer NOT NULL
);

ALTER TABLE ONLY public.signal_count FORCE ROW LEVEL SECURITY;

CREATE TABLE public.spend_contact (
    tenant_id integer NOT NULL,
    day date NOT NULL,
    contact_id uuid NOT NULL,
    spent_micropence bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.spend_contact FORCE ROW LEVEL SECURITY;

CREATE TABLE public.spend_day (
    tenant_id integer NOT NULL,
    day date NOT NULL,
    granted_micropence bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.spend_day FORCE ROW LEVEL SECURITY;

CREATE TABLE public.spend_reservation (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    day date NOT NULL,
    shard smallint NOT NULL,
    contact_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    reserved_micropence bigint NOT NULL,
    settled_micropence bigint,
    reserved_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.spend_reservation FORCE ROW LEVEL SECURITY;

CREATE TABLE public.spend_shard (
    tenant_id integer NOT NULL,
    day date NOT NULL,
    shard smallint NOT NULL,
    granted_micropence bigint DEFAULT 0 NOT NULL,
    spent_micropence bigint DEFAULT 0 NOT NULL,
    CONSTRAINT spend_shard_shard_check CHECK (((shard >= 0) AND (shard <= 15)))
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.spend_shard FORCE ROW LEVEL SECURITY;

CREATE TABLE public.suppression (
    tenant_id integer NOT NULL,
    blind bytea NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.suppression FORCE ROW LEVEL SECURITY;

CREATE TABLE public.tenant (
    tenant_id integer NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    organisation_id integer NOT NULL,
    wrapped_key bytea NOT NULL,
    kill_scope text DEFAULT 'none'::text NOT NULL,
    kill_epoch bigint DEFAULT 0 NOT NULL,
    killed_by text,
    killed_at timestamp with time zone,
    kill_n bigint,
    all_kill_n bigint,
    CONSTRAINT tenant_kill_scope_check CHECK ((kill_scope = ANY (ARRAY['none'::text, 'machine'::text, 'everything'::text])))
);

ALTER TABLE ONLY public.tenant FORCE ROW LEVEL SECURITY;

ALTER TABLE public.tenant ALTER COLUMN tenant_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.tenant_tenant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.tenant_turn (
    tenant_id integer NOT NULL,
    turn_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.tenant_turn FORCE ROW LEVEL SECURITY;

CREATE TABLE public.turn (
    tenant_id integer NOT NULL,
    conversation_id uuid NOT NULL,
    upto_seq bigint NOT NULL,
    from_seq bigint NOT NULL,
    id uuid NOT NULL,
    disposition text NOT NULL,
    bundle text NOT NULL,
    pinned text NOT NULL,
    fence bigint NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    cost_micropence bigint DEFAULT 0 NOT NULL,
    at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.turn FORCE ROW LEVEL SECURITY;

ALTER TABLE ONLY public.inbox ATTACH PARTITION public.inbox_default DEFAULT;

ALTER TABLE ONLY public.inbox_seen ATTACH PARTITION public.inbox_seen_default DEFAULT;

ALTER TABLE ONLY public.answer
    ADD CONSTRAINT answer_pkey PRIMARY KEY (tenant_id, contact_id, question);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (tenant_id, stream, n);

ALTER TABLE ONLY public.audit_root_leaf
    ADD CONSTRAINT audit_root_leaf_pkey PRIMARY KEY (tenant_id, root_n, stream);

ALTER TABLE ONLY public.audit_root
    ADD CONSTRAINT audit_root_pkey PRIMARY KEY (n);

ALTER TABLE ONLY public.audit_sealed
    ADD CONSTRAINT audit_sealed_pkey PRIMARY KEY (tenant_id, stream);

ALTER TABLE ONLY public.audit_stream
    ADD CONSTRAINT audit_stream_pkey PRIMARY KEY (tenant_id, stream);

ALTER TABLE ONLY public.bundle_attestation
    ADD CONSTRAINT bundle_attestation_pkey PRIMARY KEY (tenant_id, digest, envelope_sha);

ALTER TABLE ONLY public.bundle_claim
    ADD CONSTRAINT bundle_claim_pkey PRIMARY KEY (tenant_id, digest, claim_id);

ALTER TABLE ONLY public.bundle
    ADD CONSTRAINT bundle_pkey PRIMARY KEY (tenant_id, digest);

ALTER TABLE ONLY public.bundle_pointer
    ADD CONSTRAINT bundle_pointer_pkey PRIMARY KEY (tenant_id, stage, serial);

ALTER TABLE ONLY public.bundle_seen
    ADD CONSTRAINT bundle_seen_pkey PRIMARY KEY (tenant_id, process);

ALTER TABLE ONLY public.case_file
    ADD CONSTRAINT case_file_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.case_file
    ADD CONSTRAINT case_file_tenant_id_ref_key UNIQUE (tenant_id, ref);

ALTER TABLE ONLY public.claim_index
    ADD CONSTRAINT claim_index_pkey PRIMARY KEY (tenant_id, digest, claim_id, n);

ALTER TABLE ONLY public.claim_withdrawal
    ADD CONSTRAINT claim_withdrawal_pkey PRIMARY KEY (tenant_id, claim_digest);

ALTER TABLE ONLY public.connection
    ADD CONSTRAINT connection_id_key UNIQUE (id);

ALTER TABLE ONLY public.connection
    ADD CONSTRAINT connection_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.consent_event
    ADD CONSTRAINT consent_event_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.contact
    ADD CONSTRAINT contact_pkey PRIMARY KEY (tenant_id, contact_id);

ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_pkey PRIMARY KEY (tenant_id, conversation_id);

ALTER TABLE ONLY public.conversation_queue
    ADD CONSTRAINT conversation_queue_pkey PRIMARY KEY (tenant_id, conversation_id);

ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_tenant_id_contact_id_connection_id_key UNIQUE (tenant_id, contact_id, connection_id);

ALTER TABLE ONLY public.dead_letter
    ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.delivery_status
    ADD CONSTRAINT delivery_status_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.desk_link
    ADD CONSTRAINT desk_link_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.desk_session
    ADD CONSTRAINT desk_session_pkey PRIMARY KEY (token_hash);

ALTER TABLE public.drill_result
    ADD CONSTRAINT drill_result_not_of_the_future CHECK ((played_at <= (recorded_at + '00:05:00'::interval))) NOT VALID;

ALTER TABLE ONLY public.drill_result
    ADD CONSTRAINT drill_result_pkey PRIMARY KEY (tenant_id, digest, envelope_sha);

ALTER TABLE ONLY public.embedding_cache
    ADD CONSTRAINT embedding_cache_pkey PRIMARY KEY (tenant_id, embedder, sha256);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.hold
    ADD CONSTRAINT hold_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.identity
    ADD CONSTRAINT identity_pkey PRIMARY KEY (tenant_id, blind);

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (tenant_id, conversation_id, seq, received_at);

ALTER TABLE ONLY public.inbox_default
    ADD CONSTRAINT inbox_default_pkey PRIMARY KEY (tenant_id, conversation_id, seq, received_at);

ALTER TABLE ONLY public.inbox_seen
    ADD CONSTRAINT inbox_seen_pkey PRIMARY KEY (sent_on, tenant_id, connection_id, provider_hmac);

ALTER TABLE ONLY public.inbox_seen_default
    ADD CONSTRAINT inbox_seen_default_pkey PRIMARY KEY (sent_on, tenant_id, connection_id, provider_hmac);

ALTER TABLE ONLY public.ingest_reject
    ADD CONSTRAINT ingest_reject_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.kill_request
    ADD CONSTRAINT kill_request_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.media
    ADD CONSTRAINT media_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.model_breaker
    ADD CONSTRAINT model_breaker_pkey PRIMARY KEY (provider, model);

ALTER TABLE ONLY public.model_outage
    ADD CONSTRAINT model_outage_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.organisation
    ADD CONSTRAINT organisation_pkey PRIMARY KEY (organisation_id);

ALTER TABLE ONLY public.organisation
    ADD CONSTRAINT organisation_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.organisation_suppression
    ADD CONSTRAINT organisation_suppression_pkey PRIMARY KEY (organisation_id, blind);

ALTER TABLE ONLY public.outbox_decision
    ADD CONSTRAINT outbox_decision_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_tenant_id_key_key UNIQUE (tenant_id, key);

ALTER TABLE ONLY public.platform
    ADD CONSTRAINT platform_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.policy
    ADD CONSTRAINT policy_pkey PRIMARY KEY (tenant_id, digest);

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.secret
    ADD CONSTRAINT secret_pkey PRIMARY KEY (tenant_id, name);

ALTER TABLE ONLY public.send_rule
    ADD CONSTRAINT send_rule_pkey PRIMARY KEY (tenant_id, digest, n);

ALTER TABLE ONLY public.shown
    ADD CONSTRAINT shown_pkey PRIMARY KEY (tenant_id, contact_id, claim_id);

ALTER TABLE ONLY public.signal_count
    ADD CONSTRAINT signal_count_pkey PRIMARY KEY (tenant_id, conversation_id, category);

ALTER TABLE ONLY public.spend_contact
    ADD CONSTRAINT spend_contact_pkey PRIMARY KEY (tenant_id, day, contact_id);

ALTER TABLE ONLY public.spend_day
    ADD CONSTRAINT spend_day_pkey PRIMARY KEY (tenant_id, day);

ALTER TABLE ONLY public.spend_reservation
    ADD CONSTRAINT spend_reservation_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.spend_shard
    ADD CONSTRAINT spend_shard_pkey PRIMARY KEY (tenant_id, day, shard);

ALTER TABLE ONLY public.suppression
    ADD CONSTRAINT suppression_pkey PRIMARY KEY (tenant_id, blind);

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.tenant_turn
    ADD CONSTRAINT tenant_turn_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY public.turn
    ADD CONSTRAINT turn_pkey PRIMARY KEY (tenant_id, conversation_id, upto_seq);

CREATE INDEX bundle_claim_by_digest ON public.bundle_claim USING btree (tenant_id, digest, claim_digest);

CREATE INDEX case_file_open ON public.case_file USING btree (tenant_id, contact_id) WHERE (state = 'open'::text);

CREATE INDEX case_file_pages ON public.case_file USING btree (opened_at) WHERE (page AND (paged_at IS NULL));

CREATE INDEX consent_event_of_contact ON public.consent_event USING btree (tenant_id, contact_id, at);

CREATE INDEX conversation_queue_fair ON public.conversation_queue USING btree (tenant_id, ready_at) WHERE (ready_at IS NOT NULL);

CREATE INDEX conversation_queue_ready ON public.conversation_queue USING btree (ready_at) WHERE (ready_at IS NOT NULL);

CREATE INDEX delivery_status_of_row ON public.delivery_status USING btree (tenant_id, outbox_id);

CREATE UNIQUE INDEX drill_result_received ON public.drill_result USING btree (tenant_id, digest, received);

CREATE INDEX event_by_time ON public.event USING btree (tenant_id, at);

CREATE UNIQUE INDEX hold_open ON public.hold USING btree (tenant_id, contact_id, category) WHERE (cleared_at IS NULL);

CREATE INDEX identity_by_organisation ON public.identity USING btree (organisation_blind, tenant_id);

CREATE INDEX identity_of_contact ON public.identity USING btree (tenant_id, contact_id);

CREATE INDEX kill_request_open ON public.kill_request USING btree (tenant_id) WHERE (confirmed_at IS NULL);

CREATE INDEX media_of_message ON public.media USING btree (tenant_id, conversation_id, seq);

CREATE UNIQUE INDEX model_outage_open ON public.model_outage USING btree (tenant_id) WHERE (ended_at IS NULL);

CREATE INDEX outbox_confirmations ON public.outbox USING btree (tenant_id, contact_id, created_at) WHERE (send_class = 'confirmation'::text);

CREATE INDEX outbox_decision_of_row ON public.outbox_decision USING btree (tenant_id, outbox_id, at);

CREATE INDEX outbox_due ON public.outbox USING btree (due_at) WHERE (state = 'pending'::text);

CREATE INDEX outbox_fair ON public.outbox USING btree (tenant_id, due_at) WHERE (state = 'pending'::text);

CREATE INDEX outbox_head ON public.outbox USING btree (tenant_id, conversation_id, n) WHERE (state = ANY (ARRAY['pending'::text, 'sending'::text]));

CREATE INDEX outbox_history ON public.outbox USING btree (tenant_id, conversation_id, n);

CREATE INDEX outbox_kill_waited ON public.outbox USING btree (tenant_id, due_at) WHERE ((state = 'pending'::text) AND kill_waited);

CREATE INDEX outbox_lease ON public.outbox USING btree (lease_until) WHERE (state = 'sending'::text);

CREATE INDEX outbox_proactive ON public.outbox USING btree (tenant_id, contact_id, sending_at) WHERE (send_class = 'proactive'::text);

CREATE INDEX outbox_provider ON public.outbox USING btree (tenant_id, provider_hmac) WHERE (provider_hmac IS NOT NULL);

CREATE INDEX outbox_recent ON public.outbox USING btree (tenant_id, created_at);

CREATE INDEX outbox_stuck ON public.outbox USING btree (tenant_id, conversation_id) WHERE ((state = ANY (ARRAY['unknown'::text, 'failed'::text, 'dead'::text])) AND (discarded_at IS NULL));

CREATE INDEX outbox_unknown ON public.outbox USING btree (tenant_id, settled_at) WHERE (state = 'unknown'::text);

CREATE INDEX send_rule_lookup ON public.send_rule USING btree (tenant_id, digest, send_class, channel, row_no);

ALTER INDEX public.inbox_pkey ATTACH PARTITION public.inbox_default_pkey;

ALTER INDEX public.inbox_seen_pkey ATTACH PARTITION public.inbox_seen_default_pkey;

CREATE TRIGGER attestation_needs_drill BEFORE INSERT ON public.bundle_attestation FOR EACH ROW EXECUTE FUNCTION public.attestation_needs_drill();

CREATE TRIGGER pointer_needs_drill BEFORE INSERT ON public.bundle_pointer FOR EACH ROW EXECUTE FUNCTION public.pointer_needs_drill();

ALTER TABLE ONLY public.bundle_attestation
    ADD CONSTRAINT bundle_attestation_tenant_id_digest_fkey FOREIGN KEY (tenant_id, digest) REFERENCES public.bundle(tenant_id, digest);

ALTER TABLE ONLY public.bundle_pointer
    ADD CONSTRAINT bundle_pointer_tenant_id_digest_fkey FOREIGN KEY (tenant_id, digest) REFERENCES public.bundle(tenant_id, digest);

ALTER TABLE ONLY public.bundle
    ADD CONSTRAINT bundle_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenant(tenant_id);

ALTER TABLE ONLY public.drill_result
    ADD CONSTRAINT drill_result_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenant(tenant_id);

ALTER TABLE ONLY public.organisation_suppression
    ADD CONSTRAINT organisation_suppression_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisation(organisation_id);

ALTER TABLE ONLY public.secret
    ADD CONSTRAINT secret_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenant(tenant_id);

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES public.organisation(organisation_id);

ALTER TABLE public.answer ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_root ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_root_leaf ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_sealed ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_stream ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.bundle ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.bundle_attestation ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.bundle_claim ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.bundle_pointer ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.bundle_seen ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.case_file ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.claim_index ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.claim_withdrawal ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.connection ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.consent_event ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.contact ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversation ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_queue ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.dead_letter ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.delivery_status ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.desk_link ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.desk_session ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.drill_result ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.embedding_cache ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.event ENABLE ROW LEVEL SECURITY;

CREATE POLICY every_tenant ON public.answer TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.audit TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.audit_root TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.audit_root_leaf TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.audit_sealed TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.audit_stream TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.bundle TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.bundle_attestation TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.bundle_claim TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.bundle_pointer TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.bundle_seen TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.case_file TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.claim_index TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.claim_withdrawal TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.connection TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.consent_event TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.contact TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.conversation TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.conversation_queue TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.dead_letter TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.delivery_status TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.desk_link TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.desk_session TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.drill_result TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.embedding_cache TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.event TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.hold TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.identity TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.inbox TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.inbox_default TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.inbox_seen TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.inbox_seen_default TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.ingest_reject TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.kill_request TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.media TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.model_breaker TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.model_outage TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.organisation TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.organisation_suppression TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.outbox TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.outbox_decision TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.platform TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.policy TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.secret TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.send_rule TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.shown TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.signal_count TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.spend_contact TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.spend_day TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.spend_reservation TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.spend_shard TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.suppression TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.tenant TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.tenant_turn TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

CREATE POLICY every_tenant ON public.turn TO convo_owner USING ((current_setting('app.every'::text, true) = 'on'::text));

ALTER TABLE public.hold ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.identity ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.inbox ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.inbox_default ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.inbox_seen ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.inbox_seen_default ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ingest_reject ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.kill_request ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.media ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.model_breaker ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.model_outage ENABLE ROW LEVEL SECURITY;

CREATE POLICY one_tenant ON public.answer USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.audit USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.audit_root_leaf USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.audit_sealed USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.audit_stream USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.bundle USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.bundle_attestation USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.bundle_claim USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.bundle_pointer USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.bundle_seen USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.case_file USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.claim_index USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.claim_withdrawal USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.connection USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.consent_event USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.contact USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.conversation USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.conversation_queue USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.dead_letter USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.delivery_status USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.drill_result USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.embedding_cache USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.event USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.hold USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.identity USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.inbox USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.inbox_default USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.inbox_seen USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.inbox_seen_default USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.ingest_reject USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.kill_request USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.media USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.model_outage USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.organisation USING ((organisation_id = ( SELECT t.organisation_id
   FROM public.tenant t
  WHERE (t.tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer))));

CREATE POLICY one_tenant ON public.organisation_suppression USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.outbox USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.outbox_decision USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.policy USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.secret USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.send_rule USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.shown USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.signal_count USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.spend_contact USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.spend_day USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.spend_reservation USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.spend_shard USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.suppression USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.tenant USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.tenant_turn USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

CREATE POLICY one_tenant ON public.turn USING ((tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::integer));

ALTER TABLE public.organisation ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.organisation_suppression ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.outbox ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.outbox_decision ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.platform ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.policy ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.secret ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.send_rule ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.shown ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.signal_count ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.spend_contact ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.spend_day ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.spend_reservation ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.spend_shard ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.suppression ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.tenant ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.tenant_turn ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.turn ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA public TO convo_ingest;
GRANT USAGE ON SCHEMA public TO convo_dispatch;
GRANT USAGE ON SCHEMA public TO convo_tenant;
GRANT USAGE ON SCHEMA public TO convo_desk;

REVOKE ALL ON FUNCTION public.answering_v1(p_tenant integer, p_connection text, p_blind bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.answering_v1(p_tenant integer, p_connection text, p_blind bytea) TO convo_ingest;

REVOKE ALL ON FUNCTION public.attestation_needs_drill() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.audit_append_v1(p_tenant integer, p_stream text, p_id uuid, p_at timestamp with time zone, p_header jsonb, p_body bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.audit_entries_v1(p_tenant integer, p_after_tenant integer, p_after_stream text, p_after_n bigint, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.audit_hash_v1(p_prev bytea, p_tenant integer, p_stream text, p_n bigint, p_id uuid, p_at timestamp with time zone, p_header jsonb, p_body bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_hash_v1(p_prev bytea, p_tenant integer, p_stream text, p_n bigint, p_id uuid, p_at timestamp with time zone, p_header jsonb, p_body bytea) TO convo_tenant;
GRANT ALL ON FUNCTION public.audit_hash_v1(p_prev bytea, p_tenant integer, p_stream text, p_n bigint, p_id uuid, p_at timestamp with time zone, p_header jsonb, p_body bytea) TO convo_desk;

REVOKE ALL ON FUNCTION public.audit_heads_v1() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.audit_leaves_v1(p_after bigint, p_upto bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.audit_moved_v1() FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_moved_v1() TO convo_dispatch;

REVOKE ALL ON FUNCTION public.audit_roots_v1(p_after bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_roots_v1(p_after bigint) TO convo_dispatch;

REVOKE ALL ON FUNCTION public.audit_seal_v1(p_n bigint, p_at timestamp with time zone, p_root bytea, p_prev bytea, p_hash bytea, p_leaves integer, p_key_id text, p_signature bytea, p_tenant integer[], p_stream text[], p_place integer[], p_stream_n bigint[], p_stream_hash bytea[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_seal_v1(p_n bigint, p_at timestamp with time zone, p_root bytea, p_prev bytea, p_hash bytea, p_leaves integer, p_key_id text, p_signature bytea, p_tenant integer[], p_stream text[], p_place integer[], p_stream_n bigint[], p_stream_hash bytea[]) TO convo_dispatch;

REVOKE ALL ON FUNCTION public.audit_sealed_v1() FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_sealed_v1() TO convo_dispatch;

REVOKE ALL ON FUNCTION public.breaker_report_v1(p_provider text, p_model text, p_result text, p_trial boolean, p_failures integer, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.breaker_report_v1(p_provider text, p_model text, p_result text, p_trial boolean, p_failures integer, p_now timestamp with time zone) TO convo_dispatch;

REVOKE ALL ON FUNCTION public.breaker_states_v1() FROM PUBLIC;
GRANT ALL ON FUNCTION public.breaker_states_v1() TO convo_dispatch;
GRANT ALL ON FUNCTION public.breaker_states_v1() TO convo_desk;

REVOKE ALL ON FUNCTION public.breaker_try_v1(p_provider text, p_model text, p_open_s double precision, p_trial_s double precision, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.breaker_try_v1(p_provider text, p_model text, p_open_s double precision, p_trial_s double precision, p_now timestamp with time zone) TO convo_dispatch;

REVOKE ALL ON FUNCTION public.bundle_activate_v1(p_tenant integer, p_stage text, p_digest text, p_expect text, p_by text, p_audit_id uuid, p_now timestamp with time zone, p_rules jsonb, p_policy jsonb, p_unapproved boolean, p_organisation text, p_claims jsonb, p_texts jsonb, p_connections jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.bundle_fetch_v1(p_tenant integer, p_digest text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.bundle_fetch_v1(p_tenant integer, p_digest text) TO convo_ingest;
GRANT ALL ON FUNCTION public.bundle_fetch_v1(p_tenant integer, p_digest text) TO convo_dispatch;
GRANT ALL ON FUNCTION public.bundle_fetch_v1(p_tenant integer, p_digest text) TO convo_tenant;
GRANT ALL ON FUNCTION public.bundle_fetch_v1(p_tenant integer, p_digest text) TO convo_desk;

REVOKE ALL ON FUNCTION public.bundle_held_v1(p_tenant integer, p_stage text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.bundle_held_v1(p_tenant integer, p_stage text) TO convo_desk;

REVOKE ALL ON FUNCTION public.bundle_pointers_v1(p_slug text, p_stage text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.bundle_pointers_v1(p_slug text, p_stage text) TO convo_ingest;
GRANT ALL ON FUNCTION public.bundle_pointers_v1(p_slug text, p_stage text) TO convo_dispatch;
GRANT ALL ON FUNCTION public.bundle_pointers_v1(p_slug text, p_stage text) TO convo_tenant;
GRANT ALL ON FUNCTION public.bundle_pointers_v1(p_slug text, p_stage text) TO convo_desk;

REVOKE ALL ON FUNCTION public.bundle_publish_v1(p_tenant integer, p_digest text, p_data bytea, p_envelope bytea, p_unapproved boolean, p_by text, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.bundle_saw_v1(p_tenant integer, p_process text, p_stage text, p_digest text, p_wanted text, p_error text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.bundle_saw_v1(p_tenant integer, p_process text, p_stage text, p_digest text, p_wanted text, p_error text, p_now timestamp with time zone) TO convo_ingest;
GRANT ALL ON FUNCTION public.bundle_saw_v1(p_tenant integer, p_process text, p_stage text, p_digest text, p_wanted text, p_error text, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.case_ref_v1(p_conversation uuid, p_from bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.claim_search_v1(p_tenant integer, p_digest text, p_question text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_search_v1(p_tenant integer, p_digest text, p_question text, p_limit integer) TO convo_tenant;

REVOKE ALL ON FUNCTION public.claim_search_v2(p_tenant integer, p_digest text, p_question text, p_limit integer, p_embedder text, p_vector text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_search_v2(p_tenant integer, p_digest text, p_question text, p_limit integer, p_embedder text, p_vector text) TO convo_tenant;

REVOKE ALL ON FUNCTION public.claim_v1(p_owner text, p_limit integer, p_lease_s double precision, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_v1(p_owner text, p_limit integer, p_lease_s double precision, p_now timestamp with time zone) TO convo_dispatch;

REVOKE ALL ON FUNCTION public.claim_v2(p_owner text, p_limit integer, p_lease_s double precision, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_v2(p_owner text, p_limit integer, p_lease_s double precision, p_now timestamp with time zone) TO convo_dispatch;

REVOKE ALL ON FUNCTION public.close_case_v1(p_tenant integer, p_case uuid, p_by text, p_entry uuid, p_note bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.close_case_v1(p_tenant integer, p_case uuid, p_by text, p_entry uuid, p_note bytea, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.commit_turn_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamp with time zone, p_turn jsonb, p_sends jsonb, p_send_id uuid[], p_send_body bytea[], p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[], p_holds jsonb, p_cases jsonb, p_counts jsonb, p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.commit_turn_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamp with time zone, p_turn jsonb, p_sends jsonb, p_send_id uuid[], p_send_body bytea[], p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[], p_holds jsonb, p_cases jsonb, p_counts jsonb, p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea) TO convo_tenant;

REVOKE ALL ON FUNCTION public.commit_turn_v2(p_tenant integer, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamp with time zone, p_turn jsonb, p_sends jsonb, p_send_id uuid[], p_send_body bytea[], p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[], p_holds jsonb, p_cases jsonb, p_counts jsonb, p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.commit_turn_v2(p_tenant integer, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamp with time zone, p_turn jsonb, p_sends jsonb, p_send_id uuid[], p_send_body bytea[], p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[], p_holds jsonb, p_cases jsonb, p_counts jsonb, p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea) TO convo_tenant;

REVOKE ALL ON FUNCTION public.commit_turn_v3(p_tenant integer, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamp with time zone, p_turn jsonb, p_sends jsonb, p_send_id uuid[], p_send_body bytea[], p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[], p_holds jsonb, p_cases jsonb, p_counts jsonb, p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.commit_turn_v3(p_tenant integer, p_conversation uuid, p_fence bigint, p_upto bigint, p_now timestamp with time zone, p_turn jsonb, p_sends jsonb, p_send_id uuid[], p_send_body bytea[], p_answers text[], p_answer_id uuid[], p_answer_ciphertext bytea[], p_holds jsonb, p_cases jsonb, p_counts jsonb, p_audit_id uuid, p_audit_header jsonb, p_audit_body bytea) TO convo_tenant;

REVOKE ALL ON FUNCTION public.consent_record_v1(p_tenant integer, p_contact uuid, p_wrapped_key bytea, p_language text, p_identity uuid, p_kind text, p_ciphertext bytea, p_blind bytea, p_suppression_blind bytea, p_organisation_blind bytea, p_event uuid, p_channel text, p_purpose text, p_basis text, p_sender text, p_source text, p_at timestamp with time zone, p_audit uuid, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.consent_record_v1(p_tenant integer, p_contact uuid, p_wrapped_key bytea, p_language text, p_identity uuid, p_kind text, p_ciphertext bytea, p_blind bytea, p_suppression_blind bytea, p_organisation_blind bytea, p_event uuid, p_channel text, p_purpose text, p_basis text, p_sender text, p_source text, p_at timestamp with time zone, p_audit uuid, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.conversation_key_v1(p_tenant integer, p_conversation uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.conversation_key_v1(p_tenant integer, p_conversation uuid) TO convo_tenant;

REVOKE ALL ON FUNCTION public.desk_audit_v1(p_tenant integer, p_what text, p_by text, p_more jsonb, p_now timestamp with time zone, p_entry uuid, p_typed bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.desk_link_look_v1(p_token_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.desk_link_look_v1(p_token_hash bytea) TO convo_desk;

REVOKE ALL ON FUNCTION public.desk_link_make_v1(p_token_hash bytea, p_operator text, p_role text, p_tenants integer[], p_now timestamp with time zone, p_expires timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.desk_link_use_v1(p_token_hash bytea, p_session_hash bytea, p_csrf_hash bytea, p_now timestamp with time zone, p_expires timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.desk_link_use_v1(p_token_hash bytea, p_session_hash bytea, p_csrf_hash bytea, p_now timestamp with time zone, p_expires timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.desk_look_v1(p_tenant integer, p_conversation uuid, p_operator text, p_role text, p_id uuid, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.desk_look_v1(p_tenant integer, p_conversation uuid, p_operator text, p_role text, p_id uuid, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.desk_session_end_v1(p_token_hash bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.desk_session_end_v1(p_token_hash bytea, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.desk_session_v1(p_token_hash bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.desk_session_v1(p_token_hash bytea, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.desk_switches_v1(p_tenant integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.desk_switches_v1(p_tenant integer) TO convo_desk;

REVOKE ALL ON FUNCTION public.discard_v1(p_tenant integer, p_kind text, p_item uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.discard_v1(p_tenant integer, p_kind text, p_item uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.drill_envelopes_v1(p_tenant integer, p_digest text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.drill_envelopes_v1(p_tenant integer, p_digest text) TO convo_ingest;
GRANT ALL ON FUNCTION public.drill_envelopes_v1(p_tenant integer, p_digest text) TO convo_dispatch;
GRANT ALL ON FUNCTION public.drill_envelopes_v1(p_tenant integer, p_digest text) TO convo_tenant;
GRANT ALL ON FUNCTION public.drill_envelopes_v1(p_tenant integer, p_digest text) TO convo_desk;

REVOKE ALL ON FUNCTION public.drill_record_v1(p_tenant integer, p_digest text, p_kind text, p_suite text, p_seed bigint, p_attacks integer, p_twins integer, p_failed integer, p_tool text, p_played_at timestamp with time zone, p_envelope bytea, p_by text, p_audit_id uuid, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.drilled_v1(p_tenant integer, p_digest text, p_stage text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.embeddings_missing_v1(p_tenant integer, p_embedder text, p_texts text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.embeddings_store_v1(p_tenant integer, p_embedder text, p_texts text[], p_vectors text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.enable_v1(p_tenant integer, p_by text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.enable_v1(p_tenant integer, p_by text, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.fail_turn_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_error text, p_max_attempts integer, p_jitter double precision, p_id uuid, p_case uuid, p_version text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.fail_turn_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_error text, p_max_attempts integer, p_jitter double precision, p_id uuid, p_case uuid, p_version text, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.hand_back_v1(p_tenant integer, p_conversation uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.hand_back_v1(p_tenant integer, p_conversation uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.in_flight_v1(p_tenant integer, p_human boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.in_flight_v1(p_tenant integer, p_human boolean) TO convo_desk;

REVOKE ALL ON FUNCTION public.ingest_reject_v1(p_tenant integer, p_id uuid, p_connection text, p_kind text, p_error text, p_body bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ingest_reject_v1(p_tenant integer, p_id uuid, p_connection text, p_kind text, p_error text, p_body bytea, p_now timestamp with time zone) TO convo_ingest;

REVOKE ALL ON FUNCTION public.ingest_statuses_v1(p_tenant integer[], p_connection text[], p_seen_hmac bytea[], p_sent_on date[], p_id uuid[], p_provider_hmac bytea[], p_client_ref text[], p_status text[], p_at timestamp with time zone[], p_error_code integer[], p_received_at timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ingest_statuses_v1(p_tenant integer[], p_connection text[], p_seen_hmac bytea[], p_sent_on date[], p_id uuid[], p_provider_hmac bytea[], p_client_ref text[], p_status text[], p_at timestamp with time zone[], p_error_code integer[], p_received_at timestamp with time zone[]) TO convo_ingest;

REVOKE ALL ON FUNCTION public.ingest_v1(p_tenant integer[], p_connection text[], p_channel text[], p_what text[], p_received_at timestamp with time zone[], p_sent_at timestamp with time zone[], p_sent_on date[], p_provider_hmac bytea[], p_id uuid[], p_kind text[], p_payload bytea[], p_stop_scope text[], p_stop_matched text[], p_contact uuid[], p_wrapped_key bytea[], p_conversation uuid[], p_audit_id uuid[], p_identity uuid[], p_identity_kind text[], p_identity_ciphertext bytea[], p_blind bytea[], p_suppression_blind bytea[], p_organisation_blind bytea[], p_alias_of integer[], p_alias_identity uuid[], p_alias_kind text[], p_alias_ciphertext bytea[], p_alias_blind bytea[], p_alias_suppression_blind bytea[], p_alias_organisation_blind bytea[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ingest_v1(p_tenant integer[], p_connection text[], p_channel text[], p_what text[], p_received_at timestamp with time zone[], p_sent_at timestamp with time zone[], p_sent_on date[], p_provider_hmac bytea[], p_id uuid[], p_kind text[], p_payload bytea[], p_stop_scope text[], p_stop_matched text[], p_contact uuid[], p_wrapped_key bytea[], p_conversation uuid[], p_audit_id uuid[], p_identity uuid[], p_identity_kind text[], p_identity_ciphertext bytea[], p_blind bytea[], p_suppression_blind bytea[], p_organisation_blind bytea[], p_alias_of integer[], p_alias_identity uuid[], p_alias_kind text[], p_alias_ciphertext bytea[], p_alias_blind bytea[], p_alias_suppression_blind bytea[], p_alias_organisation_blind bytea[]) TO convo_ingest;

REVOKE ALL ON FUNCTION public.ingest_v2(p_tenant integer[], p_connection text[], p_channel text[], p_what text[], p_received_at timestamp with time zone[], p_sent_at timestamp with time zone[], p_sent_on date[], p_provider_hmac bytea[], p_id uuid[], p_kind text[], p_payload bytea[], p_stop_scope text[], p_stop_matched text[], p_contact uuid[], p_wrapped_key bytea[], p_conversation uuid[], p_audit_id uuid[], p_identity uuid[], p_identity_kind text[], p_identity_ciphertext bytea[], p_blind bytea[], p_suppression_blind bytea[], p_organisation_blind bytea[], p_wait_ms integer[], p_urgent boolean[], p_alias_of integer[], p_alias_identity uuid[], p_alias_kind text[], p_alias_ciphertext bytea[], p_alias_blind bytea[], p_alias_suppression_blind bytea[], p_alias_organisation_blind bytea[], p_most_s double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ingest_v2(p_tenant integer[], p_connection text[], p_channel text[], p_what text[], p_received_at timestamp with time zone[], p_sent_at timestamp with time zone[], p_sent_on date[], p_provider_hmac bytea[], p_id uuid[], p_kind text[], p_payload bytea[], p_stop_scope text[], p_stop_matched text[], p_contact uuid[], p_wrapped_key bytea[], p_conversation uuid[], p_audit_id uuid[], p_identity uuid[], p_identity_kind text[], p_identity_ciphertext bytea[], p_blind bytea[], p_suppression_blind bytea[], p_organisation_blind bytea[], p_wait_ms integer[], p_urgent boolean[], p_alias_of integer[], p_alias_identity uuid[], p_alias_kind text[], p_alias_ciphertext bytea[], p_alias_blind bytea[], p_alias_suppression_blind bytea[], p_alias_organisation_blind bytea[], p_most_s double precision) TO convo_ingest;

REVOKE ALL ON FUNCTION public.kill_now_v1(p_tenant integer, OUT scope text, OUT epoch bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.kill_now_v1(p_tenant integer, OUT scope text, OUT epoch bigint) TO convo_dispatch;
GRANT ALL ON FUNCTION public.kill_now_v1(p_tenant integer, OUT scope text, OUT epoch bigint) TO convo_tenant;
GRANT ALL ON FUNCTION public.kill_now_v1(p_tenant integer, OUT scope text, OUT epoch bigint) TO convo_desk;

REVOKE ALL ON FUNCTION public.kill_v1(p_tenant integer, p_scope text, p_by text, p_tenants integer[], p_entries uuid[], p_reasons bytea[], p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.kill_v1(p_tenant integer, p_scope text, p_by text, p_tenants integer[], p_entries uuid[], p_reasons bytea[], p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.last_look_v1(p_tenant integer, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.last_look_v1(p_tenant integer, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.last_look_v2(p_tenant integer, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.last_look_v2(p_tenant integer, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.last_look_v3(p_tenant integer, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.last_look_v3(p_tenant integer, p_outbox uuid, p_owner text, p_lease_s double precision, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.lift_hold_v1(p_tenant integer, p_contact uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.lift_hold_v1(p_tenant integer, p_contact uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.load_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_pending integer, p_lines integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.load_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_pending integer, p_lines integer) TO convo_tenant;

REVOKE ALL ON FUNCTION public.load_v2(p_tenant integer, p_conversation uuid, p_fence bigint, p_pending integer, p_lines integer, p_pictures boolean, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.load_v2(p_tenant integer, p_conversation uuid, p_fence bigint, p_pending integer, p_lines integer, p_pictures boolean, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.media_keep_v1(p_tenant integer, p_id uuid, p_conversation uuid, p_contact uuid, p_seq bigint, p_state text, p_reason text, p_media_type text, p_size integer, p_data bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.media_keep_v1(p_tenant integer, p_id uuid, p_conversation uuid, p_contact uuid, p_seq bigint, p_state text, p_reason text, p_media_type text, p_size integer, p_data bytea, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.models_down_v1(p_tenant integer, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.models_down_v1(p_tenant integer, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.models_up_v1(p_tenant integer, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.models_up_v1(p_tenant integer, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.names_real_stage_v1(p_envelope bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.operator_said_v1(p_tenant integer, p_conversation uuid, p_contact uuid, p_connection text, p_channel text, p_id uuid, p_body bytea, p_provider_hmac bytea, p_said_at timestamp with time zone, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.page_seen_v1(p_tenant integer, p_conversation uuid, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.partitions_job_v1(p_ahead_days integer, p_keep_seen_days integer, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.partitions_job_v1(p_ahead_days integer, p_keep_seen_days integer, p_now timestamp with time zone) TO convo_dispatch;

REVOKE ALL ON FUNCTION public.partitions_v1(p_ahead_days integer, p_keep_seen_days integer, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.person_v1(p_by text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.pin_v1(p_tenant integer, p_conversation uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.pin_v1(p_tenant integer, p_conversation uuid) TO convo_tenant;

REVOKE ALL ON FUNCTION public.pinned_v1(p_tenant integer, p_conversation uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.pointer_needs_drill() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.queue_done_v1(p_done bigint, p_answered int8multirange, OUT done bigint, OUT answered int8multirange) FROM PUBLIC;

GRANT SELECT ON TABLE public.conversation_queue TO convo_tenant;
GRANT SELECT ON TABLE public.conversation_queue TO convo_desk;

REVOKE ALL ON FUNCTION public.queue_free_v1(q public.conversation_queue, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.queue_gauges_v1(p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.queue_gauges_v1(p_now timestamp with time zone) TO convo_dispatch;

REVOKE ALL ON FUNCTION public.replay_v1(p_tenant integer, p_kind text, p_item uuid, p_by text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.replay_v1(p_tenant integer, p_kind text, p_item uuid, p_by text, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.search_ready_v1(p_tenant integer, p_digest text, p_embedder text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.search_ready_v1(p_tenant integer, p_digest text, p_embedder text) TO convo_tenant;

REVOKE ALL ON FUNCTION public.secret_get_v1(p_tenant integer, p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.secret_get_v1(p_tenant integer, p_name text) TO convo_ingest;
GRANT ALL ON FUNCTION public.secret_get_v1(p_tenant integer, p_name text) TO convo_tenant;

REVOKE ALL ON FUNCTION public.secret_set_v1(p_tenant integer, p_name text, p_id uuid, p_ciphertext bytea, p_by text, p_audit_id uuid, p_now timestamp with time zone) FROM PUBLIC;

GRANT SELECT ON TABLE public.outbox TO convo_tenant;
GRANT SELECT ON TABLE public.outbox TO convo_desk;

REVOKE ALL ON FUNCTION public.send_blocked_v1(p_row public.outbox) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_case_v1(p_tenant integer, p_conversation uuid, p_contact uuid, p_kind text, p_reason text, p_priority integer, p_page boolean, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_connection_v1(p_tenant integer, p_outbox uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.send_connection_v1(p_tenant integer, p_outbox uuid) TO convo_tenant;

REVOKE ALL ON FUNCTION public.send_decide_v1(p_tenant integer, p_digest text, p_facts text[], p_flags text[], p_class text, p_channel text, OUT effect text, OUT rule text, OUT row_no integer, OUT until text[], OUT notes text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_due_v1(p_limit integer, p_after integer, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.send_due_v1(p_limit integer, p_after integer, p_now timestamp with time zone) TO convo_dispatch;

REVOKE ALL ON FUNCTION public.send_epoch_v1(p_tenant integer, p_outbox uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.send_epoch_v1(p_tenant integer, p_outbox uuid) TO convo_tenant;

REVOKE ALL ON FUNCTION public.send_facts_v1(p_tenant integer, p_outbox uuid, p_now timestamp with time zone, OUT facts text[], OUT flags text[], OUT digest text, OUT unapproved boolean, OUT contact_ver bigint, OUT kill_epoch bigint, OUT opens timestamp with time zone, OUT frequency_free timestamp with time zone, OUT spend_cap bigint, OUT price bigint, OUT local_day date, OUT strikes integer, OUT struck boolean, OUT reachable boolean, OUT numbers jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_failed_later_v1(p_tenant integer, p_outbox uuid, p_code integer, p_is_news boolean, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_hours_v1(p_policy jsonb, p_now timestamp with time zone, OUT in_hours boolean, OUT quiet_day boolean, OUT opens timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_identities_v1(p_channel text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_price_v1(p_policy jsonb, p_class text, p_channel text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_put_back_v1(p_tenant integer, p_outbox uuid, p_owner text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.send_put_back_v1(p_tenant integer, p_outbox uuid, p_owner text, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.send_queue_v1(p_tenant integer, p_id uuid, p_contact uuid, p_conversation uuid, p_connection text, p_class text, p_part smallint, p_body bytea, p_claims text[], p_claim_digests text[], p_has_link boolean, p_has_ask boolean, p_asks text, p_answers_seq bigint, p_template text, p_campaign text, p_author text, p_due_at timestamp with time zone, p_audit jsonb, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.send_queue_v1(p_tenant integer, p_id uuid, p_contact uuid, p_conversation uuid, p_connection text, p_class text, p_part smallint, p_body bytea, p_claims text[], p_claim_digests text[], p_has_link boolean, p_has_ask boolean, p_asks text, p_answers_seq bigint, p_template text, p_campaign text, p_author text, p_due_at timestamp with time zone, p_audit jsonb, p_now timestamp with time zone) TO convo_tenant;
GRANT ALL ON FUNCTION public.send_queue_v1(p_tenant integer, p_id uuid, p_contact uuid, p_conversation uuid, p_connection text, p_class text, p_part smallint, p_body bytea, p_claims text[], p_claim_digests text[], p_has_link boolean, p_has_ask boolean, p_asks text, p_answers_seq bigint, p_template text, p_campaign text, p_author text, p_due_at timestamp with time zone, p_audit jsonb, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.send_quiet_day_v1(p_policy jsonb, p_day date) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_rank_v1(p_class text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_recipient_v1(p_tenant integer, p_contact uuid, p_outbox uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.send_recipient_v1(p_tenant integer, p_contact uuid, p_outbox uuid) TO convo_tenant;
GRANT ALL ON FUNCTION public.send_recipient_v1(p_tenant integer, p_contact uuid, p_outbox uuid) TO convo_desk;

REVOKE ALL ON FUNCTION public.send_record_v1(p_tenant integer, p_outbox uuid, p_owner text, p_result text, p_provider_id bytea, p_provider_hmac bytea, p_code integer, p_detail text, p_retry boolean, p_retry_after_s double precision, p_person_stopped boolean, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.send_record_v1(p_tenant integer, p_outbox uuid, p_owner text, p_result text, p_provider_id bytea, p_provider_hmac bytea, p_code integer, p_detail text, p_retry boolean, p_retry_after_s double precision, p_person_stopped boolean, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.send_redo_v1(p_tenant integer, p_outbox uuid, p_rule text, p_row integer, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_refund_v1(p_tenant integer, p_outbox uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_sent_v1(p_tenant integer, p_outbox uuid, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_severity_v1(p_effect text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_shown_v1(p_tenant integer, p_outbox uuid, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_stop_rest_v1(p_tenant integer, p_outbox uuid, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.send_sweep_v1(p_deduplicating text[], p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.send_sweep_v1(p_deduplicating text[], p_now timestamp with time zone) TO convo_dispatch;

REVOKE ALL ON FUNCTION public.send_waits_v1(p_tenant integer, p_outbox uuid, p_now timestamp with time zone, OUT until timestamp with time zone, OUT rule text, OUT fact text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.shared_words_v1(p_one text[], p_other text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.spend_gather_v1(p_tenant integer, p_day date) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.spend_give_back_v1(p_tenant integer, p_day date, p_contact uuid, p_amount bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.spend_reserve_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_id uuid, p_amount bigint, p_cap bigint, p_contact_cap bigint, p_lease_s double precision, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.spend_reserve_v1(p_tenant integer, p_conversation uuid, p_fence bigint, p_id uuid, p_amount bigint, p_cap bigint, p_contact_cap bigint, p_lease_s double precision, p_now timestamp with time zone) TO convo_tenant;

REVOKE ALL ON FUNCTION public.spend_settle_v1(p_tenant integer, p_contact uuid, p_micropence bigint, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.spend_take_v1(p_tenant integer, p_day date, p_contact uuid, p_amount bigint, p_cap bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.stuck_v1(p_tenant integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.stuck_v1(p_tenant integer) TO convo_desk;

REVOKE ALL ON FUNCTION public.suppress_v1(p_tenant integer, p_contact uuid, p_scope text, p_reason text, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.suppressed_v1(p_tenant integer, p_suppression_blind bytea, p_organisation_blind bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.take_over_v1(p_tenant integer, p_conversation uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.take_over_v1(p_tenant integer, p_conversation uuid, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.tenant_ensure_v1(p_tenant integer, p_slug text, p_name text, p_organisation text, p_wrapped_key bytea, p_now timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.tenant_reserve_v1() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.tenants_v1() FROM PUBLIC;
GRANT ALL ON FUNCTION public.tenants_v1() TO convo_ingest;
GRANT ALL ON FUNCTION public.tenants_v1() TO convo_dispatch;
GRANT ALL ON FUNCTION public.tenants_v1() TO convo_tenant;
GRANT ALL ON FUNCTION public.tenants_v1() TO convo_desk;

REVOKE ALL ON FUNCTION public.text_config_v1(p_language text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.text_sha256_v1(p_text text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.turn_undo_v1(p_tenant integer, p_conversation uuid, p_from bigint, p_upto bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.typing_v1(p_tenant integer, p_conversation uuid, p_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.typing_v1(p_tenant integer, p_conversation uuid, p_until timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.visitor_lines_v1(p_tenant integer, p_connection text, p_blind bytea, p_after bigint, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.visitor_lines_v1(p_tenant integer, p_connection text, p_blind bytea, p_after bigint, p_now timestamp with time zone) TO convo_ingest;

REVOKE ALL ON FUNCTION public.was_in_force_v1(p_tenant integer, p_stage text, p_digest text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.why_v1(p_tenant integer, p_id uuid, p_key text, p_provider_hmac bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.why_v1(p_tenant integer, p_id uuid, p_key text, p_provider_hmac bytea) TO convo_desk;

REVOKE ALL ON FUNCTION public.withdraw_v1(p_tenant integer, p_claim_digest text, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.withdraw_v1(p_tenant integer, p_claim_digest text, p_by text, p_entry uuid, p_reason bytea, p_now timestamp with time zone) TO convo_desk;

REVOKE ALL ON FUNCTION public.withstood_v1(p_tenant integer, p_digest text) FROM PUBLIC;

GRANT SELECT ON TABLE public.answer TO convo_tenant;
GRANT SELECT ON TABLE public.answer TO convo_desk;

REVOKE ALL ON TABLE public.audit FROM convo_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE public.audit TO convo_owner;
GRANT SELECT ON TABLE public.audit TO convo_tenant;
GRANT SELECT ON TABLE public.audit TO convo_desk;

REVOKE ALL ON TABLE public.audit_root FROM convo_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE public.audit_root TO convo_owner;

REVOKE ALL ON TABLE public.audit_root_leaf FROM convo_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE public.audit_root_leaf TO convo_owner;

GRANT SELECT ON TABLE public.audit_stream TO convo_tenant;
GRANT SELECT ON TABLE public.audit_stream TO convo_desk;

GRANT SELECT ON TABLE public.bundle TO convo_tenant;
GRANT SELECT ON TABLE public.bundle TO convo_desk;

REVOKE ALL ON TABLE public.bundle_attestation FROM convo_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE public.bundle_attestation TO convo_owner;
GRANT SELECT ON TABLE public.bundle_attestation TO convo_tenant;
GRANT SELECT ON TABLE public.bundle_attestation TO convo_desk;

GRANT SELECT ON TABLE public.bundle_claim TO convo_tenant;
GRANT SELECT ON TABLE public.bundle_claim TO convo_desk;

REVOKE ALL ON TABLE public.bundle_pointer FROM convo_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE public.bundle_pointer TO convo_owner;
GRANT SELECT ON TABLE public.bundle_pointer TO convo_tenant;
GRANT SELECT ON TABLE public.bundle_pointer TO convo_desk;

GRANT SELECT ON TABLE public.bundle_seen TO convo_tenant;
GRANT SELECT ON TABLE public.bundle_seen TO convo_desk;

GRANT SELECT ON TABLE public.case_file TO convo_tenant;
GRANT SELECT ON TABLE public.case_file TO convo_desk;

GRANT SELECT ON TABLE public.claim_index TO convo_tenant;
GRANT SELECT ON TABLE public.claim_index TO convo_desk;

GRANT SELECT ON TABLE public.claim_withdrawal TO convo_tenant;
GRANT SELECT ON TABLE public.claim_withdrawal TO convo_desk;

GRANT SELECT ON TABLE public.connection TO convo_tenant;
GRANT SELECT ON TABLE public.connection TO convo_desk;

REVOKE ALL ON TABLE public.consent_event FROM convo_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE public.consent_event TO convo_owner;
GRANT SELECT ON TABLE public.consent_event TO convo_tenant;
GRANT SELECT ON TABLE public.consent_event TO convo_desk;

GRANT SELECT ON TABLE public.contact TO convo_tenant;
GRANT SELECT ON TABLE public.contact TO convo_desk;

GRANT SELECT ON TABLE public.conversation TO convo_tenant;
GRANT SELECT ON TABLE public.conversation TO convo_desk;

GRANT SELECT ON TABLE public.dead_letter TO convo_tenant;
GRANT SELECT ON TABLE public.dead_letter TO convo_desk;

REVOKE ALL ON TABLE public.delivery_status FROM convo_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE public.delivery_status TO convo_owner;
GRANT SELECT ON TABLE public.delivery_status TO convo_tenant;
GRANT SELECT ON TABLE public.delivery_status TO convo_desk;

REVOKE ALL ON TABLE public.drill_result FROM convo_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE public.drill_result TO convo_owner;
GRANT SELECT ON TABLE public.drill_result TO convo_desk;

GRANT SELECT ON TABLE public.embedding_cache TO convo_tenant;
GRANT SELECT ON TABLE public.embedding_cache TO convo_desk;

GRANT SELECT ON TABLE public.event TO convo_tenant;
GRANT SELECT ON TABLE public.event TO convo_desk;

GRANT SELECT ON TABLE public.hold TO convo_tenant;
GRANT SELECT ON TABLE public.hold TO convo_desk;

GRANT SELECT ON TABLE public.identity TO convo_tenant;
GRANT SELECT ON TABLE public.identity TO convo_desk;

GRANT SELECT ON TABLE public.inbox TO convo_tenant;
GRANT SELECT ON TABLE public.inbox TO convo_desk;

GRANT SELECT ON TABLE public.ingest_reject TO convo_tenant;
GRANT SELECT ON TABLE public.ingest_reject TO convo_desk;

GRANT SELECT ON TABLE public.media TO convo_tenant;
GRANT SELECT ON TABLE public.media TO convo_desk;

GRANT SELECT ON TABLE public.model_outage TO convo_tenant;
GRANT SELECT ON TABLE public.model_outage TO convo_desk;

GRANT SELECT ON TABLE public.organisation TO convo_tenant;
GRANT SELECT ON TABLE public.organisation TO convo_desk;

REVOKE ALL ON TABLE public.outbox_decision FROM convo_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE public.outbox_decision TO convo_owner;
GRANT SELECT ON TABLE public.outbox_decision TO convo_tenant;
GRANT SELECT ON TABLE public.outbox_decision TO convo_desk;

GRANT SELECT ON TABLE public.policy TO convo_tenant;
GRANT SELECT ON TABLE public.policy TO convo_desk;

GRANT SELECT ON TABLE public.send_rule TO convo_tenant;
GRANT SELECT ON TABLE public.send_rule TO convo_desk;

GRANT SELECT ON TABLE public.shown TO convo_tenant;
GRANT SELECT ON TABLE public.shown TO convo_desk;

GRANT SELECT ON TABLE public.signal_count TO convo_tenant;
GRANT SELECT ON TABLE public.signal_count TO convo_desk;

GRANT SELECT ON TABLE public.spend_contact TO convo_tenant;
GRANT SELECT ON TABLE public.spend_contact TO convo_desk;

GRANT SELECT ON TABLE public.spend_day TO convo_tenant;
GRANT SELECT ON TABLE public.spend_day TO convo_desk;

GRANT SELECT ON TABLE public.spend_reservation TO convo_tenant;
GRANT SELECT ON TABLE public.spend_reservation TO convo_desk;

GRANT SELECT ON TABLE public.spend_shard TO convo_tenant;
GRANT SELECT ON TABLE public.spend_shard TO convo_desk;

GRANT SELECT ON TABLE public.suppression TO convo_tenant;
GRANT SELECT ON TABLE public.suppression TO convo_desk;

GRANT SELECT ON TABLE public.tenant TO convo_tenant;
GRANT SELECT ON TABLE public.tenant TO convo_desk;

GRANT SELECT ON TABLE public.turn TO convo_tenant;
GRANT SELECT ON TABLE public.turn TO convo_desk;

ALTER DEFAULT PRIVILEGES FOR ROLE convo_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
