-- What the drills of a bundle came to, and the gate: nothing speaks outside of the sandbox that was not attacked and held.

-- Append-only: every signed result, good or bad, by the bundle it is about.
create table drill_result (
  tenant_id int not null references tenant,
  digest text not null,                 -- the bundle's; it may be attacked before it is published
  envelope_sha text not null,           -- hex
  kind text not null,                   -- attack
  suite text not null,                  -- digest of what was played
  seed bigint not null,
  attacks int not null check (attacks >= 0),
  twins int not null check (twins >= 0),
  failed int not null check (failed >= 0),
  tool text not null,
  played_at timestamptz not null,
  envelope bytea not null,              -- DSSE; verified by whoever records it
  recorded_by text not null,
  recorded_at timestamptz not null,
  primary key (tenant_id, digest, envelope_sha)
);

alter table drill_result enable row level security;
alter table drill_result force row level security;
create policy every_tenant on drill_result to convo_owner using (current_setting('app.every', true) = 'on');
create policy one_tenant on drill_result using (tenant_id = nullif(current_setting('app.tenant', true), '')::int);
grant select on drill_result to convo_desk;
revoke update, delete, truncate on drill_result from convo_owner;

-- Keeps a result, once, and says so in the audit for good. False when it was kept before.
create function drill_record_v1(
  p_tenant int, p_digest text, p_kind text, p_suite text, p_seed bigint, p_attacks int, p_twins int, p_failed int, p_tool text,
  p_played_at timestamptz, p_envelope bytea, p_by text, p_audit_id uuid, p_now timestamptz
) returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
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

-- Whether the last attack on exactly this bundle came to nothing. For functions that have set app.tenant or app.every.
-- 105: what the smallest suite holds; of results of one moment the worst counts.
create function withstood_v1(p_tenant int, p_digest text) returns boolean
language sql stable set search_path = public, pg_temp as $$
  select coalesce((
    select r.failed = 0 and r.attacks >= 105 and r.twins > 0 from drill_result r
    where r.tenant_id = p_tenant and r.digest = p_digest and r.kind = 'attack'
    order by r.played_at desc, r.failed desc, r.attacks limit 1), false)
$$;

-- The same, to be asked before anything is tried.
create function drilled_v1(p_tenant int, p_digest text, p_stage text) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant::text, true);
  return p_stage = 'sandbox' or withstood_v1(p_tenant, p_digest) or was_in_force_v1(p_tenant, p_stage, p_digest);
end $$;

-- What was in force at a stage has passed this gate or stood before it was built; the way back is never shut.
create function was_in_force_v1(p_tenant int, p_stage text, p_digest text) returns boolean
language sql stable set search_path = public, pg_temp as $$
  select exists (select from bundle_pointer p
                 where p.tenant_id = p_tenant and p.stage = p_stage and p.digest = p_digest)
$$;

-- The gates are triggers, so that no function, old or new, and no other client gets round them.
create function pointer_needs_drill() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if new.stage <> 'sandbox' and not withstood_v1(new.tenant_id, new.digest)
     and not was_in_force_v1(new.tenant_id, new.stage, new.digest) then
    raise exception 'the attack suite did not hold for %', new.digest using errcode = 'CV812';
  end if;
  return new;
end $$;

create trigger pointer_needs_drill before insert on bundle_pointer
for each row execute function pointer_needs_drill();

-- Of an envelope: does it name a stage that real people are reached on? One that cannot be read is good for none.
create function names_real_stage_v1(p_envelope bytea) returns boolean
language plpgsql immutable set search_path = public, pg_temp as $$
begin
  return convert_from(decode(convert_from(p_envelope, 'UTF8')::jsonb ->> 'payload', 'base64'), 'UTF8')::jsonb
         -> 'predicate' -> 'stages' ?| array['staging', 'live'];
exception when others then
  return false;
end $$;

create function attestation_needs_drill() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if names_real_stage_v1(new.envelope) and not withstood_v1(new.tenant_id, new.digest)
     and not was_in_force_v1(new.tenant_id, 'staging', new.digest) and not was_in_force_v1(new.tenant_id, 'live', new.digest) then
    raise exception 'the attack suite did not hold for %', new.digest using errcode = 'CV812';
  end if;
  return new;
end $$;

create trigger attestation_needs_drill before insert on bundle_attestation
for each row execute function attestation_needs_drill();
