-- Every table, index, grant and row policy. Functions come in later files; this file holds none but the audit's hash.
--
-- How access works, in four sentences:
--  * Every table has forced row-level security, so it binds the owner, too, and with it every SECURITY DEFINER function.
--  * Policy `one_tenant`: rows of the tenant named by the setting app.tenant; without the setting, none.
--  * Policy `every_tenant`: for convo_owner alone and only while app.every is 'on'. Functions that must see several tenants
--    (a batch of webhooks, a fair claim, a kill) set it for their own duration. No login role can use it directly.
--  * Roles hold EXECUTE on versioned functions; convo_tenant and convo_desk may also read one tenant's rows.
--
-- Ids are UUIDs made by the application, because the associated data of a ciphertext holds the row's id before the insert.
-- Times are parameters of every function: nothing here reads a clock.

alter default privileges revoke execute on functions from public;

-- ---- who ------------------------------------------------------------------------------------------------------------

create table organisation (
  organisation_id int generated always as identity primary key,
  slug text not null unique
);

create table tenant (
  tenant_id int generated always as identity primary key,
  slug text not null unique,
  name text not null,
  organisation_id int not null references organisation,
  wrapped_key bytea not null,           -- the tenant's key under the master key
  kill_scope text not null default 'none' check (kill_scope in ('none', 'machine', 'everything')),
  kill_epoch bigint not null default 0, -- +1 at every kill and every enable
  killed_by text,
  killed_at timestamptz,
  kill_reason text
);

-- One row: the switch for all tenants. Effective scope = the stronger of the two; effective epoch = the sum.
create table platform (
  only_row boolean primary key default true check (only_row),
  kill_scope text not null default 'none' check (kill_scope in ('none', 'machine', 'everything')),
  kill_epoch bigint not null default 0,
  killed_by text,
  killed_at timestamptz,
  kill_reason text
);

insert into platform default values;

-- Two people re-enable: the first leaves a row here, the second (another person) removes it. tenant_id null = platform.
create table kill_request (
  id uuid primary key,
  tenant_id int,
  requested_by text not null,
  requested_at timestamptz not null,
  kill_epoch bigint not null,           -- of the kill it asks to lift; a newer kill makes the request void
  confirmed_by text,
  confirmed_at timestamptz,
  check (confirmed_by is distinct from requested_by)
);
create index kill_request_open on kill_request (tenant_id) where confirmed_at is null;

-- ---- bundles --------------------------------------------------------------------------------------------------------

create table bundle (
  tenant_id int not null references tenant,
  digest text not null,
  data bytea not null,
  envelope bytea not null,              -- DSSE
  unapproved boolean not null,
  published_by text not null,
  published_at timestamptz not null,
  primary key (tenant_id, digest)
);

-- Append-only: the highest serial of (tenant, stage) is in force.
create table bundle_pointer (
  tenant_id int not null,
  stage text not null check (stage in ('sandbox', 'staging', 'live')),
  serial int not null,
  digest text not null,
  activated_by text not null,
  activated_at timestamptz not null,
  primary key (tenant_id, stage, serial),
  foreign key (tenant_id, digest) references bundle
);

-- What each process really holds, and why it could not take a newer one.
create table bundle_seen (
  tenant_id int not null,
  process text not null,
  stage text not null,
  digest text,                          -- null: holds none yet
  wanted text not null,
  error text,
  seen_at timestamptz not null,
  primary key (tenant_id, process)
);

create table send_rule (
  tenant_id int not null,
  digest text not null,
  n int not null,                       -- order in the bundle's send table
  row_no int not null,
  state text not null,
  send_class text not null,
  channel text not null,
  effect text not null,
  only_when text[] not null,
  otherwise text,
  until text,
  rule text not null,
  primary key (tenant_id, digest, n)
);
create index send_rule_lookup on send_rule (tenant_id, digest, send_class, channel, row_no);

create table policy (
  tenant_id int not null,
  digest text not null,
  body jsonb not null,                  -- schemas.bundle.Policy, field by field
  unapproved boolean not null,
  organisation text not null,
  primary key (tenant_id, digest)
);

-- What may be said under a bundle, for the last look: a claim digest that is missing or expired here is not sayable.
create table bundle_claim (
  tenant_id int not null,
  digest text not null,
  claim_id text not null,
  claim_digest text not null,
  effective date not null,
  expires date,                         -- the first day on which the claim is absent
  approved boolean not null,
  primary key (tenant_id, digest, claim_id)
);
create index bundle_claim_by_digest on bundle_claim (tenant_id, digest, claim_digest);

create table claim_index (
  tenant_id int not null,
  digest text not null,
  claim_id text not null,
  n int not null,
  language text not null,
  kind text not null check (kind in ('question', 'text')),
  text text not null,
  tsv tsvector not null,
  embedder text,
  embedding vector,
  primary key (tenant_id, digest, claim_id, n)
);

create table claim_withdrawal (
  tenant_id int not null,
  claim_digest text not null,
  withdrawn_by text not null,
  withdrawn_at timestamptz not null,
  reason text not null,
  primary key (tenant_id, claim_digest)
);

-- Filled from the active bundle of each stage. The id is the path segment of the webhook, hence unique over all tenants.
create table connection (
  tenant_id int not null,
  id text not null unique,
  stage text not null,
  channel text not null,
  digest text not null,
  primary key (tenant_id, id)
);

create table secret (
  tenant_id int not null references tenant,
  name text not null,
  id uuid not null,
  ciphertext bytea not null,            -- under the tenant's key
  set_by text not null,
  set_at timestamptz not null,
  primary key (tenant_id, name)
);

-- ---- people ---------------------------------------------------------------------------------------------------------

-- `ver` rises with every fact about the person, in the transaction that writes the fact. The last look locks this row
-- FOR NO KEY UPDATE. When a person last wrote is in conversation_queue (one row less to write per message).
create table contact (
  tenant_id int not null,
  contact_id uuid not null,
  ver bigint not null default 1,
  wrapped_key bytea,                    -- null: erased, and with it every word under it
  language text,
  given_name bytea,                     -- confirmed only; AAD contact/given_name/contact_id
  opted_out_at timestamptz,
  opt_out_scope text check (opt_out_scope in ('tenant', 'organisation')),
  opt_out_reason text,
  strikes int not null default 0,       -- proactive messages unanswered in a row
  struck_out_at timestamptz,            -- proactive contact ended for ever; only a fresh consent event lifts it
  last_proactive_at timestamptz,
  created_at timestamptz not null,
  erased_at timestamptz,
  primary key (tenant_id, contact_id)
) with (fillfactor = 80);

create table identity (
  tenant_id int not null,
  blind bytea not null,                 -- HMAC within the tenant: look-up, and the tenant's suppression list
  organisation_blind bytea not null,    -- HMAC within the organisation: STOP ALL
  identity_id uuid not null,
  contact_id uuid not null,
  kind text not null,
  ciphertext bytea not null,            -- under the contact's key
  created_at timestamptz not null,
  primary key (tenant_id, blind)
);
create index identity_of_contact on identity (tenant_id, contact_id);
create index identity_by_organisation on identity (organisation_blind, tenant_id);

create table consent_event (
  tenant_id int not null,
  id uuid not null,
  contact_id uuid not null,
  kind text not null check (kind in ('granted', 'withdrawn', 'resumed')),
  channel text not null,
  purpose text not null,
  basis text not null,
  sender text not null,                 -- the sender the wording named
  source text not null,
  wording_digest text,
  evidence bytea,                       -- under the contact's key
  at timestamptz not null,
  recorded_at timestamptz not null,
  primary key (tenant_id, id)
);
create index consent_event_of_contact on consent_event (tenant_id, contact_id, at);

-- Survives erasure: nothing but an HMAC with a pepper that is not in the database.
create table suppression (
  tenant_id int not null,
  blind bytea not null,
  reason text not null,
  at timestamptz not null,
  primary key (tenant_id, blind)
);

create table organisation_suppression (
  organisation_id int not null references organisation,
  blind bytea not null,
  reason text not null,
  at timestamptz not null,
  tenant_id int not null,               -- where it was said
  primary key (organisation_id, blind)
);

create table hold (
  tenant_id int not null,
  id uuid not null,
  contact_id uuid not null,
  conversation_id uuid,
  category text not null,
  priority smallint not null,
  set_by text not null,
  set_at timestamptz not null,
  cleared_by text,
  cleared_at timestamptz,
  primary key (tenant_id, id)
);
create unique index hold_open on hold (tenant_id, contact_id, category) where cleared_at is null;

create table answer (
  tenant_id int not null,
  contact_id uuid not null,
  question text not null,
  id uuid not null,
  ciphertext bytea not null,            -- under the contact's key
  at timestamptz not null,
  primary key (tenant_id, contact_id, question)
);

create table shown (
  tenant_id int not null,
  contact_id uuid not null,
  claim_id text not null,
  claim_digest text not null,
  conversation_id uuid not null,
  outbox_id uuid not null,
  shown_at timestamptz not null,
  primary key (tenant_id, contact_id, claim_id)
) with (fillfactor = 80);

-- ---- conversations and their queue ----------------------------------------------------------------------------------

create table conversation (
  tenant_id int not null,
  conversation_id uuid not null,
  contact_id uuid not null,
  connection_id text not null,
  channel text not null,
  pinned text,                          -- digest of the bundle it began with
  pinned_at timestamptz,
  last_turn_at timestamptz,
  mode text not null default 'bot' check (mode in ('bot', 'stopped')),
  human_owner text,
  human_since timestamptz,
  asked text,                           -- question id that is still open
  created_at timestamptz not null,
  primary key (tenant_id, conversation_id),
  unique (tenant_id, contact_id, connection_id)
) with (fillfactor = 80);

-- Narrow and hot: whatever changes with every message lives here and only here.
-- pending = (done_seq, last_seq]. ready_at null: nothing to do; else due, or the end of a lease, or of a back-off.
create table conversation_queue (
  tenant_id int not null,
  conversation_id uuid not null,
  last_seq bigint not null default 0,   -- given under this row's lock: commit order is message order
  done_seq bigint not null default 0,
  leased_seq bigint not null default 0, -- last_seq when it was last claimed: how far a dead letter may reach
  lines bigint not null default 0,      -- positions on the web-chat page, given when a line becomes visible
  out_n bigint not null default 0,      -- order of outbox rows in this conversation
  ready_at timestamptz,
  fence bigint not null default 0,
  attempts smallint not null default 0,
  owner text,                           -- null: not leased
  last_inbound_at timestamptz,          -- when the person last wrote here (WhatsApp's window counts from it)
  audit_n bigint not null default 0,    -- head of the stream conv/<conversation_id>
  audit_hash bytea not null default ''::bytea,
  primary key (tenant_id, conversation_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);
create index conversation_queue_fair on conversation_queue (tenant_id, ready_at) where ready_at is not null;
create index conversation_queue_ready on conversation_queue (ready_at) where ready_at is not null;

create table tenant_turn (
  tenant_id int primary key,
  turn_at timestamptz not null          -- when it was last served; the longest unserved goes first
) with (fillfactor = 50);

create table inbox (
  tenant_id int not null,
  conversation_id uuid not null,
  seq bigint not null,
  received_at timestamptz not null,
  id uuid not null,
  kind text not null,
  sent_at timestamptz not null,         -- the provider's time, clamped
  provider_hmac bytea not null,
  payload bytea not null,               -- JSON under the contact's key; AAD inbox/payload/id
  position bigint not null,             -- on the web-chat page
  stop_scope text,
  stop_matched text,                    -- the lexicon's entry, never the person's words
  primary key (tenant_id, conversation_id, seq, received_at)
) partition by range (received_at);
create table inbox_default partition of inbox default;

-- De-duplication. sent_on is the provider's own day, unclamped, so that a redelivery falls on the same day; channels
-- without a stable time use one fixed day.
create table inbox_seen (
  sent_on date not null,
  tenant_id int not null,
  connection_id text not null,
  provider_hmac bytea not null,
  seen_at timestamptz not null,
  conversation_id uuid,
  seq bigint,
  primary key (sent_on, tenant_id, connection_id, provider_hmac)
) partition by range (sent_on);
create table inbox_seen_default partition of inbox_seen default;

create table ingest_reject (
  tenant_id int not null,
  id uuid not null,
  connection_id text not null,
  kind text not null,
  error text not null,                  -- SQLSTATE and its class, never a value
  body bytea not null,                  -- the event under the tenant's key; AAD ingest_reject/body/id
  state text not null default 'open' check (state in ('open', 'replayed', 'discarded')),
  received_at timestamptz not null,
  settled_by text,
  settled_at timestamptz,
  primary key (tenant_id, id)
);

create table turn (
  tenant_id int not null,
  conversation_id uuid not null,
  upto_seq bigint not null,
  from_seq bigint not null,             -- answers (from_seq, upto_seq]
  id uuid not null,
  disposition text not null,
  bundle text not null,
  pinned text not null,
  fence bigint not null,
  cost_micropence bigint not null default 0,
  at timestamptz not null,
  primary key (tenant_id, conversation_id, upto_seq)
);

create table signal_count (
  tenant_id int not null,
  conversation_id uuid not null,
  category text not null,
  n int not null,
  primary key (tenant_id, conversation_id, category)
);

create table dead_letter (
  tenant_id int not null,
  id uuid not null,
  conversation_id uuid not null,
  from_seq bigint not null,             -- (from_seq, upto_seq]
  upto_seq bigint not null,
  error text not null,
  attempts int not null,
  version text not null,
  state text not null default 'open' check (state in ('open', 'replayed', 'discarded')),
  at timestamptz not null,
  settled_by text,
  settled_at timestamptz,
  primary key (tenant_id, id)
);

create table case_file (
  tenant_id int not null,
  id uuid not null,
  ref text not null,
  conversation_id uuid,
  contact_id uuid,
  kind text not null,
  reason text not null,                 -- a rule, category or error; never the person's words
  priority smallint not null,
  page boolean not null,
  paged_at timestamptz,
  due_at timestamptz,
  state text not null default 'open' check (state in ('open', 'closed')),
  opened_at timestamptz not null,
  opened_by text not null,
  owner text,
  closed_at timestamptz,
  closed_by text,
  resolution text,
  primary key (tenant_id, id),
  unique (tenant_id, ref)
);
create index case_file_open on case_file (tenant_id, contact_id) where state = 'open';
create index case_file_pages on case_file (opened_at) where page and paged_at is null;

-- ---- sending --------------------------------------------------------------------------------------------------------

create table outbox (
  tenant_id int not null,
  id uuid not null,
  conversation_id uuid not null,
  contact_id uuid not null,
  connection_id text not null,
  channel text not null,
  n bigint not null,                    -- order in the conversation, from conversation_queue.out_n
  key text not null,                    -- handed to the provider; conversation:upto_seq:part, or the row's id when we start
  upto_seq bigint,
  part smallint not null,
  send_class text not null check (send_class in ('safety', 'confirmation', 'reply', 'human', 'service', 'proactive')),
  state text not null default 'pending'
    check (state in ('pending', 'sending', 'sent', 'unknown', 'failed', 'dead', 'superseded')),
  due_at timestamptz not null,
  lease_until timestamptz,
  owner text,
  attempts smallint not null default 0,
  body bytea not null,                  -- JSON (text, options, sentences, language) under the contact's key; AAD outbox/body/id
  claims text[] not null,               -- claim ids, in order
  claim_digests text[] not null,        -- the same, by digest
  has_link boolean not null,
  has_ask boolean not null,
  asks text,
  answers_seq bigint,                   -- the inbound it answers; null when we start
  template text,
  campaign text,
  bundle text not null,                 -- active digest when it was composed
  author text not null default 'bot',
  decided_rule text,
  decided_row int,
  decided_effect text,
  decided_at timestamptz,
  kill_epoch bigint,
  position bigint,                      -- on the web-chat page, given with `sending`
  provider_id bytea,                    -- ciphertext under the contact's key; AAD outbox/provider_id/id
  provider_hmac bytea,
  status text check (status in ('sent', 'delivered', 'read', 'failed')),
  status_at timestamptz,
  error_code int,
  created_at timestamptz not null,
  sending_at timestamptz,
  settled_at timestamptz,               -- when it reached sent, unknown, failed, dead or superseded
  primary key (tenant_id, id),
  unique (tenant_id, key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create index outbox_head on outbox (tenant_id, conversation_id, n) where state in ('pending', 'sending');
create index outbox_due on outbox (due_at) where state = 'pending';
create index outbox_fair on outbox (tenant_id, due_at) where state = 'pending';
create index outbox_lease on outbox (lease_until) where state = 'sending';
create index outbox_unknown on outbox (tenant_id, settled_at) where state = 'unknown';
create index outbox_history on outbox (tenant_id, conversation_id, n);
create index outbox_proactive on outbox (tenant_id, contact_id, sending_at) where send_class = 'proactive';
create index outbox_provider on outbox (tenant_id, provider_hmac) where provider_hmac is not null;

create table outbox_decision (
  tenant_id int not null,
  id uuid not null,
  outbox_id uuid not null,
  at timestamptz not null,
  effect text not null,
  rule text not null,
  row_no int,
  until timestamptz,
  contact_ver bigint not null,
  facts jsonb not null,                 -- states and numbers, never words
  primary key (tenant_id, id)
);
create index outbox_decision_of_row on outbox_decision (tenant_id, outbox_id, at);

create table delivery_status (
  tenant_id int not null,
  id uuid not null,
  outbox_id uuid,                       -- null: no row of ours is known by that reference
  provider_hmac bytea not null,
  status text not null,
  error_code int,
  at timestamptz not null,              -- the provider's time, clamped
  received_at timestamptz not null,
  primary key (tenant_id, id)
);
create index delivery_status_of_row on delivery_status (tenant_id, outbox_id);

-- The day's money: granted to shards in slices, so that no single row is everybody's.
create table spend_day (
  tenant_id int not null,
  day date not null,
  granted_micropence bigint not null default 0,
  primary key (tenant_id, day)
) with (fillfactor = 50);

create table spend_shard (
  tenant_id int not null,
  day date not null,
  shard smallint not null check (shard between 0 and 15),
  granted_micropence bigint not null default 0,
  spent_micropence bigint not null default 0,
  primary key (tenant_id, day, shard)
) with (fillfactor = 50);

create table spend_contact (
  tenant_id int not null,
  day date not null,
  contact_id uuid not null,
  spent_micropence bigint not null default 0,
  primary key (tenant_id, day, contact_id)
) with (fillfactor = 50);

create table spend_reservation (
  tenant_id int not null,
  id uuid not null,
  day date not null,
  shard smallint not null,
  contact_id uuid not null,
  conversation_id uuid not null,
  reserved_micropence bigint not null,
  settled_micropence bigint,
  reserved_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (tenant_id, id)
);

-- ---- audit ----------------------------------------------------------------------------------------------------------

-- Streams: conv/<conversation_id> (head in conversation_queue), send/<conversation_id> and desk/<tenant> (heads below).
create table audit (
  tenant_id int not null,
  stream text not null,
  n bigint not null,
  id uuid not null,
  at timestamptz not null,
  header jsonb not null,                -- kinds, rules, digests, counts: no words, no identifiers
  body bytea not null,                  -- JSON under the contact's (desk: tenant's) key; AAD audit/body/id; empty: none
  prev bytea not null,
  hash bytea not null,
  primary key (tenant_id, stream, n)
);

create table audit_stream (
  tenant_id int not null,
  stream text not null,
  n bigint not null,
  hash bytea not null,
  primary key (tenant_id, stream)
) with (fillfactor = 50);

create table audit_root (
  n bigint primary key,
  at timestamptz not null,
  root bytea not null,
  prev bytea not null,
  hash bytea not null,
  leaves int not null,
  key_id text not null,
  signature bytea not null
);

create table audit_root_leaf (
  tenant_id int not null,
  root_n bigint not null,
  stream text not null,
  n bigint not null,
  hash bytea not null,
  primary key (tenant_id, root_n, stream)
);

-- One formula for every stream: sha256(previous hash, then the row's own place and header, then the ciphertext).
create function audit_hash_v1(
  p_prev bytea, p_tenant int, p_stream text, p_n bigint, p_id uuid, p_at timestamptz, p_header jsonb, p_body bytea
) returns bytea language sql stable parallel safe as $$
  select sha256(
    p_prev
    || sha256(convert_to(
      concat_ws(E'\n', p_tenant, p_stream, p_n, p_id, (extract(epoch from p_at) * 1000000)::bigint, p_header::text), 'UTF8'))
    || sha256(p_body))
$$;

-- ---- analytics, desk ------------------------------------------------------------------------------------------------

create table event (
  tenant_id int not null,
  id uuid not null,
  at timestamptz not null,
  kind text not null,
  conversation_id uuid,
  contact_id uuid,
  data jsonb not null,
  primary key (tenant_id, id)
);
create index event_by_time on event (tenant_id, at);

-- One-time login: only a hash of the token is kept. An operator may look after several tenants.
create table desk_link (
  token_hash bytea primary key,
  operator text not null,
  role text not null check (role in ('owner', 'admin', 'agent', 'viewer')),
  tenants int[] not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);

create table desk_session (
  token_hash bytea primary key,
  operator text not null,
  role text not null check (role in ('owner', 'admin', 'agent', 'viewer')),
  tenants int[] not null,
  csrf_hash bytea not null,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz
);

-- ---- row-level security ---------------------------------------------------------------------------------------------

do $$
declare
  v_table regclass;
  v_by_tenant boolean;
begin
  for v_table, v_by_tenant in
    select c.oid::regclass,
           exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and pg_get_userbyid(c.relowner) = current_user
  loop
    execute format('alter table %s enable row level security', v_table);
    execute format('alter table %s force row level security', v_table);
    execute format('create policy every_tenant on %s to convo_owner using (current_setting(''app.every'', true) = ''on'')', v_table);
    if v_by_tenant then
      execute format(
        'create policy one_tenant on %s using (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::int)', v_table);
    end if;
  end loop;
end $$;

create policy one_tenant on organisation
  using (organisation_id = (select t.organisation_id from tenant t
                            where t.tenant_id = nullif(current_setting('app.tenant', true), '')::int));

-- Sign-in happens before any tenant is known.
create policy desk on desk_link to convo_desk using (current_setting('app.every', true) = 'on');
create policy desk on desk_session to convo_desk using (current_setting('app.every', true) = 'on');

-- ---- grants ---------------------------------------------------------------------------------------------------------

grant usage on schema public to convo_ingest, convo_dispatch, convo_tenant, convo_desk;

grant select on
  contact, identity, consent_event, suppression, hold, answer, shown, conversation, conversation_queue, inbox, turn,
  signal_count, dead_letter, ingest_reject, case_file, outbox, outbox_decision, delivery_status, claim_withdrawal, bundle,
  bundle_pointer, bundle_seen, bundle_claim, claim_index, send_rule, policy, connection, audit, audit_stream, event,
  spend_day, spend_shard, spend_contact, spend_reservation, organisation, tenant
to convo_tenant, convo_desk;
grant select, insert, update on desk_link, desk_session to convo_desk;

-- The audit and the append-only histories cannot be changed even by their owner's functions.
revoke update, delete, truncate on
  audit, audit_root, audit_root_leaf, outbox_decision, consent_event, delivery_status, bundle_pointer
from convo_owner;

grant execute on function audit_hash_v1(bytea, int, text, bigint, uuid, timestamptz, jsonb, bytea) to convo_tenant, convo_desk;
