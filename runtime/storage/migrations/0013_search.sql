-- Claims found by meaning beside words: vectors cached by the text they are of, one search for both, ready before activation.

-- A vector of a text that a tenant wrote (an example question or a claim's wording), never of what a customer wrote.
create table embedding_cache (
  tenant_id int not null,
  embedder text not null,               -- vectors of two embedders never meet
  sha256 bytea not null,                -- of the text in UTF-8
  vector vector not null,
  primary key (tenant_id, embedder, sha256)
);
alter table embedding_cache enable row level security;
alter table embedding_cache force row level security;
create policy every_tenant on embedding_cache to convo_owner using (current_setting('app.every', true) = 'on');
create policy one_tenant on embedding_cache
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::int);

-- A text's name in the cache. The versions that run beside this one do not see the column.
create function text_sha256_v1(p_text text) returns bytea
language sql immutable parallel safe set search_path = pg_catalog as $$ select sha256(convert_to(p_text, 'UTF8')) $$;
alter table claim_index add column sha256 bytea not null generated always as (text_sha256_v1(text)) stored;

-- Which of these texts have no vector of this embedder yet.
create function embeddings_missing_v1(p_tenant int, p_embedder text, p_texts text[]) returns setof text
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return query
  select distinct x from unnest(p_texts) as x
  where not exists (select from embedding_cache e where e.tenant_id = p_tenant and e.embedder = p_embedder
                    and e.sha256 = text_sha256_v1(x));
end $$;

-- Vectors as texts of numbers ([0.1,0.2]), in the order of their texts.
create function embeddings_store_v1(p_tenant int, p_embedder text, p_texts text[], p_vectors text[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  insert into embedding_cache (tenant_id, embedder, sha256, vector)
  select p_tenant, p_embedder, text_sha256_v1(x.said), x.numbers::vector
  from unnest(p_texts, p_vectors) as x (said, numbers)
  order by 3
  on conflict do nothing;
end $$;

-- Whether every text of a bundle has a vector of this embedder. A bundle that was never activated has no texts, and is not ready.
create function search_ready_v1(p_tenant int, p_digest text, p_embedder text) returns boolean
language plpgsql security definer set search_path = public, pg_temp set enable_nestloop = off as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return exists (select from claim_index x where x.tenant_id = p_tenant and x.digest = p_digest)
    and not exists (
      select from claim_index x
      where x.tenant_id = p_tenant and x.digest = p_digest
        and not exists (select from embedding_cache e where e.tenant_id = p_tenant and e.embedder = p_embedder
                        and e.sha256 = x.sha256));
end $$;

-- Exact search over one bundle of one tenant by words (claim_search_v1) and by meaning, the best p_limit of each.
-- `likeness`: the mean of a claim's likeness to the question as a whole and to its three nearest texts, less what the register's
-- texts are like the question on average: 0 is like anything else, 1 the same. So no embedder needs a scale of its own.
create function claim_search_v2(
  p_tenant int, p_digest text, p_question text, p_limit int, p_embedder text, p_vector text
) returns table (claim_id text, score float4, matched_text text, likeness float4)
language plpgsql security definer set search_path = public, pg_temp
set enable_nestloop = off  -- every text has its vector: with the statistics of a fresh bundle the planner would look each up by all
as $$
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

grant execute on function claim_search_v2(int, text, text, int, text, text), search_ready_v1(int, text, text) to convo_tenant;
grant select on embedding_cache to convo_tenant, convo_desk;
