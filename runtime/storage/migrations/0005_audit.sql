-- Sealing and verifying the audit. Writers chain entries into streams; each minute a sealer binds the heads of all streams
-- into one Merkle root, chained to the last root and signed. What is altered, cut off or lost after it was sealed shows.

-- A stream that ended must still be missed when it is gone: leaves are kept for every stream that moved since the last root,
-- and a root covers the newest leaf of every stream there ever was. In the tree a stream keeps the place it got when it was
-- first sealed (of several at once: by tenant, then name), so that a root costs as much as what moved.

-- The newest sealed leaf of every stream, so that the sealer reads no history. Only a convenience: what counts are the leaves.
create table audit_sealed (
  tenant_id int not null,
  stream text not null,
  place int not null,                   -- in the tree, from 0
  n bigint not null,
  hash bytea not null,
  primary key (tenant_id, stream)
) with (fillfactor = 50);
alter table audit_sealed enable row level security;
alter table audit_sealed force row level security;
create policy every_tenant on audit_sealed to convo_owner using (current_setting('app.every', true) = 'on');
create policy one_tenant on audit_sealed using (tenant_id = nullif(current_setting('app.tenant', true), '')::int);

-- Every stream's head: conversations' in their queue rows, the others beside the audit.
create function audit_heads_v1() returns table (tenant_id int, stream text, n bigint, hash bytea)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
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

-- The newest sealed leaf of every stream, in the order of the tree.
create function audit_sealed_v1() returns table (tenant_id int, stream text, n bigint, hash bytea)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  return query
    select s.tenant_id, s.stream, s.n, s.hash from audit_sealed s order by s.place;
  perform set_config('app.every', '', true);
end $$;

create function audit_roots_v1(p_after bigint)
returns table (n bigint, at timestamptz, root bytea, prev bytea, hash bytea, leaves int, key_id text, signature bytea)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  return query select r.n, r.at, r.root, r.prev, r.hash, r.leaves, r.key_id, r.signature from audit_root r
                where r.n > p_after order by r.n;
  perform set_config('app.every', '', true);
end $$;

-- Heads that moved since they were sealed.
create function audit_moved_v1() returns table (tenant_id int, stream text, n bigint, hash bytea)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
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

-- The leaves that were new in the roots after p_after, up to p_upto.
create function audit_leaves_v1(p_after bigint, p_upto bigint)
returns table (root_n bigint, tenant_id int, stream text, n bigint, hash bytea)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.every', 'on', true);
  return query select l.root_n, l.tenant_id, l.stream, l.n, l.hash from audit_root_leaf l
                where l.root_n > p_after and l.root_n <= p_upto order by l.root_n, l.tenant_id, l.stream collate "C";
  perform set_config('app.every', '', true);
end $$;

-- Writes a root and its new leaves, unless another sealer was quicker: then false, and nothing is written.
create function audit_seal_v1(
  p_n bigint, p_at timestamptz, p_root bytea, p_prev bytea, p_hash bytea, p_leaves int, p_key_id text, p_signature bytea,
  p_tenant int[], p_stream text[], p_place int[], p_stream_n bigint[], p_stream_hash bytea[]
) returns boolean language plpgsql volatile security definer set search_path = public, pg_temp as $$
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

-- Entries in the order of their chains, a page at a time, after (tenant, stream, n).
create function audit_entries_v1(p_tenant int, p_after_tenant int, p_after_stream text, p_after_n bigint, p_limit int)
returns table (tenant_id int, stream text, n bigint, id uuid, at_us bigint, header text, body bytea, prev bytea, hash bytea)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
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

-- Sealing reads hashes only. Whoever verifies reads entries and leaves of every tenant, and does it as convo_owner.
grant execute on function
  audit_moved_v1(), audit_sealed_v1(), audit_roots_v1(bigint),
  audit_seal_v1(bigint, timestamptz, bytea, bytea, bytea, int, text, bytea, int[], text[], int[], bigint[],
                bytea[])
to convo_dispatch;
