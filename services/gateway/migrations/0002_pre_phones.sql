-- An agent's telephone in the page: a password of minutes, of which only the digest hash is kept. One row for each
-- way to register, so the table never outgrows the agents; who signs in elsewhere replaces it.
create table browser_phones (
    tenant text not null default current_setting('switchyard.tenant'),
    sip_user text not null,
    domain text not null,
    user_id uuid not null references users on delete cascade,
    session_id uuid not null references sessions on delete cascade,
    a1_hash text not null,
    expires_at timestamptz not null,
    primary key (tenant, sip_user)
);
create index on browser_phones (user_id);
create index on browser_phones (session_id);
alter table browser_phones enable row level security;
alter table browser_phones force row level security;
create policy tenant on browser_phones
    using (tenant = current_setting('switchyard.tenant', true)
           or current_setting('switchyard.tenant', true) = '*');

-- A desk phone's own password, set by an administrator. The hash holds for this extension and domain only.
create table desk_phones (
    tenant text not null default current_setting('switchyard.tenant'),
    user_id uuid not null references users on delete cascade,
    extension text not null,
    domain text not null,
    a1_hash text not null,
    set_at timestamptz not null default now(),
    primary key (tenant, user_id)
);
alter table desk_phones enable row level security;
alter table desk_phones force row level security;
create policy tenant on desk_phones
    using (tenant = current_setting('switchyard.tenant', true)
           or current_setting('switchyard.tenant', true) = '*');

create index on users (tenant, extension) where extension <> '';
