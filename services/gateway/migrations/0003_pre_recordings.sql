-- Recordings of conversations and where their files lie. One that was announced and whose file could not be found
-- has a row too (`missing`): it must not be silently none.
create table recordings (
    recording_id uuid primary key,
    tenant text not null default current_setting('switchyard.tenant'),
    contact_id uuid not null,
    agent_id text not null,
    queue text not null,
    from_number text not null,
    to_number text not null,
    customer_id text not null,
    node text not null,
    started_at timestamptz not null,
    length_ms bigint not null,
    state text not null check (state in ('stored', 'missing')),
    file_key text not null,
    file_bytes bigint not null,
    sha256 bytea not null,
    pauses jsonb not null,
    peaks bytea not null,
    stored_at timestamptz not null default now()
);
create index on recordings (tenant, started_at desc, recording_id);
create index on recordings (tenant, contact_id);
create index on recordings (tenant, agent_id, started_at desc);
alter table recordings enable row level security;
alter table recordings force row level security;
create policy tenant on recordings
    using (tenant = current_setting('switchyard.tenant', true)
           or current_setting('switchyard.tenant', true) = '*');

-- "Has this person listened to this one just now?" is asked before every part of a file is sent.
create index audit_about on audit (tenant, about, at desc);
