-- Tenants, their secrets, published bundles, and which one is in force.

-- ---- tenants --------------------------------------------------------------------------------------------------------

-- A number first, because the tenant's key is wrapped for this very number.
create function tenant_reserve_v1() returns int
language sql security definer set search_path = public, pg_temp as $$
  select nextval(pg_get_serial_sequence('tenant', 'tenant_id'))::int
$$;

-- The tenant of a slug, made if it is new. Returns the number that holds: another process may have been quicker.
create function tenant_ensure_v1(
  p_tenant int, p_slug text, p_name text, p_organisation text, p_wrapped_key bytea, p_now timestamptz
) returns int language plpgsql security definer set search_path = public, pg_temp as $$
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

-- Every tenant, with the wrapped key that is useless without the master key outside.
create function tenants_v1()
returns table (tenant_id int, slug text, name text, organisation text, wrapped_key bytea)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  return query
  select t.tenant_id, t.slug, t.name, o.slug, t.wrapped_key
  from tenant t join organisation o on o.organisation_id = t.organisation_id
  order by t.tenant_id;
  perform set_config('app.every', '', true);
end $$;

create function secret_set_v1(
  p_tenant int, p_name text, p_id uuid, p_ciphertext bytea, p_by text, p_audit_id uuid, p_now timestamptz
) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into secret (tenant_id, name, id, ciphertext, set_by, set_at)
  values (p_tenant, p_name, p_id, p_ciphertext, p_by, p_now)
  on conflict (tenant_id, name) do update
  set id = excluded.id, ciphertext = excluded.ciphertext, set_by = excluded.set_by, set_at = excluded.set_at;
  perform audit_append_v1(p_tenant, 'desk/' || p_tenant, p_audit_id, p_now,
                          jsonb_build_object('what', 'secret set', 'name', p_name, 'by', p_by), ''::bytea);
end $$;

create function secret_get_v1(p_tenant int, p_name text) returns table (id uuid, ciphertext bytea)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query select s.id, s.ciphertext from secret s where s.tenant_id = p_tenant and s.name = p_name;
end $$;

-- ---- audit streams whose head stands in audit_stream (send/, desk/) -------------------------------------------------

-- For functions that have set app.tenant or app.every; the head's row lock orders the writers of a stream.
create function audit_append_v1(
  p_tenant int, p_stream text, p_id uuid, p_at timestamptz, p_header jsonb, p_body bytea
) returns void language plpgsql set search_path = public, pg_temp as $$
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

-- ---- bundles --------------------------------------------------------------------------------------------------------

-- Bytes under their digest, once, and each envelope over them, once. The caller has verified them.
create function bundle_publish_v1(
  p_tenant int, p_digest text, p_data bytea, p_envelope bytea, p_unapproved boolean, p_by text, p_now timestamptz
) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into bundle (tenant_id, digest, data, unapproved, published_by, published_at)
  values (p_tenant, p_digest, p_data, p_unapproved, p_by, p_now)
  on conflict do nothing;
  insert into bundle_attestation (tenant_id, digest, envelope_sha, envelope, published_by, published_at)
  values (p_tenant, p_digest, encode(sha256(p_envelope), 'hex'), p_envelope, p_by, p_now)
  on conflict do nothing;
end $$;

-- The bytes with every envelope over them, newest first: whoever uses them looks for one that holds where they are.
create function bundle_fetch_v1(p_tenant int, p_digest text) returns table (data bytea, envelopes bytea[])
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  select b.data, array(select a.envelope from bundle_attestation a where a.tenant_id = p_tenant and a.digest = p_digest
                       order by a.published_at desc, a.envelope_sha)
  from bundle b where b.tenant_id = p_tenant and b.digest = p_digest;
end $$;

-- Every pointer there ever was for a tenant and stage, newest first; of all tenants and only in force when p_slug is null.
-- `attestations`: how many envelopes the digest has by now, so that a process notices a new one of what it holds already.
create function bundle_pointers_v1(p_slug text, p_stage text)
returns table (tenant text, tenant_id int, stage text, digest text, serial int, activated_by text, activated_at timestamptz,
               attestations bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
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

-- Move the pointer, and lay out what the runtime executes from tables: send rules, policy, claims, search texts, connections.
-- p_expect: the digest that must be in force now, `none` when nothing may be, null to ask for nothing.
-- `outcome`: activated; moved (p_expect is not what is in force); missing (not published); taken (connection of another tenant).
create function bundle_activate_v1(
  p_tenant int, p_stage text, p_digest text, p_expect text, p_by text, p_audit_id uuid, p_now timestamptz,
  p_rules jsonb, p_policy jsonb, p_unapproved boolean, p_organisation text, p_claims jsonb, p_texts jsonb, p_connections jsonb
) returns table (outcome text, serial int, detail text)
language plpgsql security definer set search_path = public, pg_temp as $$
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

-- What each process holds, for status and /readyz.
create function bundle_saw_v1(
  p_tenant int, p_process text, p_stage text, p_digest text, p_wanted text, p_error text, p_now timestamptz
) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into bundle_seen (tenant_id, process, stage, digest, wanted, error, seen_at)
  values (p_tenant, p_process, p_stage, p_digest, p_wanted, p_error, p_now)
  on conflict (tenant_id, process) do update
  set stage = excluded.stage, digest = excluded.digest, wanted = excluded.wanted, error = excluded.error,
      seen_at = excluded.seen_at;
  delete from bundle_seen s where s.tenant_id = p_tenant and s.seen_at < p_now - interval '1 hour';
end $$;

-- ---- finding claims -------------------------------------------------------------------------------------------------

-- The dictionaries Postgres ships; any other language is matched word for word.
create function text_config_v1(p_language text) returns regconfig
language sql immutable parallel safe set search_path = public, pg_temp as $$
  select case split_part(lower(p_language), '-', 1)
    when 'en' then 'pg_catalog.english' when 'fr' then 'pg_catalog.french' when 'de' then 'pg_catalog.german'
    when 'es' then 'pg_catalog.spanish' when 'pt' then 'pg_catalog.portuguese' when 'it' then 'pg_catalog.italian'
    when 'nl' then 'pg_catalog.dutch' else 'pg_catalog.simple' end::regconfig
$$;

-- Exact search over one bundle of one tenant: no approximate index, because under a tenant filter it misses.
-- A text's score is how much of the question's stems it holds, and how much of its own the question holds; an example question
-- that has nearly the same words counts in full, stop words and all. A claim's score is its best text's.
create function claim_search_v1(p_tenant int, p_digest text, p_question text, p_limit int)
returns table (claim_id text, score float4, matched_text text)
language plpgsql security definer set search_path = public, pg_temp as $$
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

create function shared_words_v1(p_one text[], p_other text[]) returns bigint
language sql immutable parallel safe as $$
  select count(*) from unnest(p_one) as w where w = any (p_other)
$$;

-- ---- grants ---------------------------------------------------------------------------------------------------------

grant execute on function tenants_v1() to convo_ingest, convo_dispatch, convo_tenant, convo_desk;
grant execute on function bundle_fetch_v1(int, text), bundle_pointers_v1(text, text)
  to convo_ingest, convo_dispatch, convo_tenant, convo_desk;
grant execute on function bundle_saw_v1(int, text, text, text, text, text, timestamptz)
  to convo_ingest, convo_tenant;
-- A webhook is authenticated by web and a message delivered by the sender: both need the connection's secrets.
grant execute on function secret_get_v1(int, text) to convo_ingest, convo_tenant;
grant execute on function claim_search_v1(int, text, text, int) to convo_tenant;
