-- Keys begin with the tenant, so that an id of one tenant can neither collide with nor betray another's.
--
-- Text that is searched by its beginning has collation "C" and is compared by < and >=: under row-level
-- security PostgreSQL uses an index only for operators that cannot leak a row, and LIKE is not one of them.
create table customer (
    tenant text not null,
    customer_id uuid not null,
    name text not null,
    organisation text not null,
    email text not null,
    level smallint not null check (level between 0 and 3),
    language text not null,
    tags text[] not null,
    notes text not null,
    revision bigint not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    -- Folded by the service, so that search ignores case and width.
    name_key text collate "C" not null,
    organisation_key text collate "C" not null,
    primary key (tenant, customer_id)
);
create index customer_by_name on customer (tenant, name_key);
create index customer_by_organisation on customer (tenant, organisation_key) where organisation_key <> '';

create table customer_number (
    tenant text not null,
    number text collate "C" not null,
    customer_id uuid not null,
    position smallint not null,
    primary key (tenant, number),
    foreign key (tenant, customer_id) references customer
);
create index number_of_customer on customer_number (tenant, customer_id);

create table customer_account (
    tenant text not null,
    account_key text collate "C" not null,
    customer_id uuid not null,
    account text not null,
    position smallint not null,
    primary key (tenant, account_key, customer_id),
    foreign key (tenant, customer_id) references customer
);
create index account_of_customer on customer_account (tenant, customer_id);

create table blocked_number (
    tenant text not null,
    number text collate "C" not null,
    reason text not null,
    blocked_at timestamptz not null,
    expires_at timestamptz,
    primary key (tenant, number)
);
create index blocked_number_newest on blocked_number (tenant, blocked_at desc);

create table number_segment (
    tenant text not null,
    prefix text collate "C" not null,
    segment text not null,
    department text not null,
    primary key (tenant, prefix)
);

-- Facts, one row for each event, never changed but to learn whose they are.
create table timeline (
    tenant text not null,
    entry_id uuid not null,
    at timestamptz not null,
    kind text not null,
    channel text not null,
    contact_id uuid,
    agent_id text not null,
    number text collate "C",
    customer_id uuid,
    title text not null,
    data json not null, -- not jsonb, which refuses what a caller's phone may send (\u0000)
    primary key (tenant, entry_id)
);
create index timeline_of_customer on timeline (tenant, customer_id, at desc) where customer_id is not null;
-- An unknown caller's; found again as soon as a customer has the number.
create index timeline_of_number on timeline (tenant, number, at desc)
    where customer_id is null and number is not null;
create index timeline_of_contact on timeline (tenant, contact_id) where contact_id is not null;

-- As services/chassis/outbox.py asks.
create table outbox (
    seq bigint generated always as identity primary key,
    id uuid not null unique,
    subject text not null,
    payload bytea not null,
    added_at timestamptz not null default now()
);

do $$
declare
    name text;
begin
    foreach name in array array[
        'customer', 'customer_number', 'customer_account', 'blocked_number', 'number_segment', 'timeline'
    ] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy tenant_only on %I using (tenant = current_setting(''switchyard.tenant'', true)'
            ' or current_setting(''switchyard.tenant'', true) = ''*'')', name);
    end loop;
end
$$;
