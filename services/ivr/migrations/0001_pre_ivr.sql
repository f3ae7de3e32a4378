-- Published versions. A version never changes: what a caller went through can be read years later.
create table flow_version (
    tenant text not null,
    name text not null,
    version integer not null,
    source text not null,
    published_at timestamptz not null,
    primary key (tenant, name, version)
);

-- One row for each stay of a call in a flow; a contact that came back from an agent has two.
create table call_entry (
    tenant text not null,
    entry_id uuid not null,
    contact_id uuid not null,
    node text not null,
    call_id text not null,
    from_number text not null,
    to_number text not null,
    customer_id text not null,
    flow text not null,
    version integer not null,
    entered_at timestamptz not null,
    left_at timestamptz not null,
    re_entered boolean not null,
    outcome text not null,
    cause text not null,
    primary key (tenant, entry_id)
);
create index call_entry_of_contact on call_entry (tenant, contact_id);

create table survey_answer (
    tenant text not null,
    answer_id uuid not null,
    contact_id uuid not null,
    flow text not null,
    node text not null,
    score integer not null,
    highest integer not null,
    agent_id text not null,
    answered_at timestamptz not null,
    primary key (tenant, answer_id)
);
create index survey_answer_of_contact on survey_answer (tenant, contact_id);

-- The id is a UUIDv7: newest first is the key backwards.
create table voicemail (
    tenant text not null,
    voicemail_id uuid not null,
    contact_id uuid not null,
    node text not null,
    call_id text not null,
    from_number text not null,
    to_number text not null,
    customer_id text not null,
    file text not null,
    length_ms bigint not null,
    left_at timestamptz not null,
    primary key (tenant, voicemail_id)
);

do $$
declare
    name text;
begin
    foreach name in array array['flow_version', 'call_entry', 'survey_answer', 'voicemail'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy tenant_only on %I using (tenant = current_setting(''switchyard.tenant'', true)'
            ' or current_setting(''switchyard.tenant'', true) = ''*'')', name);
    end loop;
end
$$;

-- As services/chassis/outbox.py asks.
create table outbox (
    seq bigint generated always as identity primary key,
    id uuid not null unique,
    subject text not null,
    payload bytea not null,
    added_at timestamptz not null default now()
);
