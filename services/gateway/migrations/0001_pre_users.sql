create table users (
    user_id uuid primary key,
    tenant text not null default current_setting('switchyard.tenant'),
    username text not null,
    name text not null,
    password_hash text not null,
    role text not null
        check (role in ('agent', 'team_lead', 'department', 'maintenance', 'administrator')),
    agent_id text,
    extension text not null default '',
    department text not null default '',
    disabled_at timestamptz,
    revision bigint not null default 1,
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    unique (tenant, username),
    unique (tenant, agent_id)
);
alter table users enable row level security;
alter table users force row level security;
create policy tenant on users
    using (tenant = current_setting('switchyard.tenant', true)
           or current_setting('switchyard.tenant', true) = '*');

-- One row for each sign-in; it lives as long as its refresh token is exchanged in time.
create table sessions (
    session_id uuid primary key,
    tenant text not null default current_setting('switchyard.tenant'),
    user_id uuid not null references users on delete cascade,
    refresh_hash bytea not null,
    previous_hash bytea,
    rotated_at timestamptz not null default now(),
    opened_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_reason text,
    address text not null
);
create index on sessions (user_id);
create index on sessions (expires_at);
alter table sessions enable row level security;
alter table sessions force row level security;
create policy tenant on sessions
    using (tenant = current_setting('switchyard.tenant', true)
           or current_setting('switchyard.tenant', true) = '*');

-- Which gateway had an agent's socket: one that died finds here, when it is back, whom it may have lost.
create table sockets (
    tenant text not null default current_setting('switchyard.tenant'),
    agent_id text not null,
    gateway text not null,
    opened_at timestamptz not null default now(),
    primary key (tenant, agent_id)
);
alter table sockets enable row level security;
alter table sockets force row level security;
create policy tenant on sockets
    using (tenant = current_setting('switchyard.tenant', true)
           or current_setting('switchyard.tenant', true) = '*');

-- Who changed what in the administration. Only added to.
create table audit (
    audit_id uuid primary key,
    tenant text not null default current_setting('switchyard.tenant'),
    at timestamptz not null default now(),
    user_id uuid not null,
    username text not null,
    address text not null,
    action text not null,
    about text not null,
    detail jsonb not null default '{}'
);
create index on audit (tenant, at desc);
alter table audit enable row level security;
alter table audit force row level security;
create policy tenant on audit
    using (tenant = current_setting('switchyard.tenant', true)
           or current_setting('switchyard.tenant', true) = '*');

-- Work orders of wrap-ups whose service was away: a form somebody filled in is not lost.
create table pending_work_orders (
    request_id text primary key,
    tenant text not null default current_setting('switchyard.tenant'),
    body bytea not null,
    kept_at timestamptz not null default now(),
    tries integer not null default 0,
    refused text
);
create index on pending_work_orders (kept_at) where refused is null;
alter table pending_work_orders enable row level security;
alter table pending_work_orders force row level security;
create policy tenant on pending_work_orders
    using (tenant = current_setting('switchyard.tenant', true)
           or current_setting('switchyard.tenant', true) = '*');

create table outbox (
    seq bigint generated always as identity primary key,
    id uuid not null unique,
    subject text not null,
    payload bytea not null,
    added_at timestamptz not null default now()
);
