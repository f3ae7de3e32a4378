-- Settings are written when they are made. All else is a projection of our own events: it may lag, it may be
-- dropped and built anew from the stream, and no decision waits for it.
create table queue (
    tenant text not null,
    name text not null,
    title text not null,
    strategy smallint not null,
    ring_timeout_ms integer not null,
    wrap_up_ms integer not null,
    service_level_ms integer not null,
    priority_step_ms integer not null,
    max_wait_ms integer not null,
    max_length integer not null,
    changed_at timestamptz not null default now(),
    primary key (tenant, name)
);

create table agent (
    tenant text not null,
    agent_id text not null,
    name text not null,
    extension text not null,
    queues text[] not null,
    session_extension text not null default '',
    -- The last state announced, so that a restart finds people where they were.
    presence smallint not null default 1,
    reason text not null default '',
    routing_status smallint not null default 1,
    contact_id uuid,
    since timestamptz,
    until timestamptz,
    changed_at timestamptz not null default now(),
    primary key (tenant, agent_id)
);

create table contact (
    tenant text not null,
    contact_id uuid not null,
    channel text not null default '',
    node text not null default '',
    call_id text not null default '',
    from_number text not null default '',
    to_number text not null default '',
    customer_id text not null default '',
    queue text not null default '',
    agent_id text not null default '',
    priority smallint not null default 0,
    opened_at timestamptz,
    enqueued_at timestamptz,
    answered_at timestamptz,
    released_at timestamptz,
    ended_at timestamptz,
    -- `answered`, `abandoned` …; empty while it goes on.
    outcome text not null default '',
    waited_ms bigint not null default 0,
    talk_ms bigint not null default 0,
    hold_ms bigint not null default 0,
    offers integer not null default 0,
    left_reason text not null default '',
    cause text not null default '',
    primary key (tenant, contact_id)
);
create index contact_open on contact (tenant, opened_at) where ended_at is null;
create index contact_by_time on contact (tenant, opened_at desc);

-- One attempt of one agent at one contact, and the conversation it became.
create table segment (
    tenant text not null,
    offer_id uuid not null,
    contact_id uuid not null,
    agent_id text not null,
    queue text not null default '',
    attempt integer not null default 0,
    offered_at timestamptz,
    reason text not null default '',
    failed_at timestamptz,
    failure text not null default '',
    cause text not null default '',
    rang_ms bigint not null default 0,
    answered_at timestamptz,
    waited_ms bigint not null default 0,
    released_at timestamptz,
    ended_by text not null default '',
    talk_ms bigint not null default 0,
    hold_ms bigint not null default 0,
    wrapped_up_at timestamptz,
    wrap_up_ms bigint not null default 0,
    disposition text not null default '',
    notes text not null default '',
    work_order_id text not null default '',
    timed_out boolean not null default false,
    primary key (tenant, offer_id)
);
create index segment_of_contact on segment (tenant, contact_id);
create index segment_of_agent on segment (tenant, agent_id, offered_at desc);

-- Every state an agent was in, with how long the one before lasted: the ground of reports on time in state.
create table agent_state (
    tenant text not null,
    event_id uuid not null,
    agent_id text not null,
    presence smallint not null,
    reason text not null,
    routing_status smallint not null,
    contact_id uuid,
    since timestamptz not null,
    until timestamptz,
    previous_presence smallint not null,
    previous_routing_status smallint not null,
    previous_ms bigint not null,
    primary key (tenant, event_id)
);
create index agent_state_by_time on agent_state (tenant, agent_id, since desc);

do $$
declare
    name text;
begin
    foreach name in array array['queue', 'agent', 'contact', 'segment', 'agent_state'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy tenant on %I using (tenant = current_setting(''switchyard.tenant'', true)'
            ' or current_setting(''switchyard.tenant'', true) = ''*'')', name);
    end loop;
end
$$;
