-- Keys begin with the tenant, so that an id of one tenant can neither collide with nor betray another's.
create table work_order (
    tenant text not null,
    work_order_id uuid not null,
    number text not null,
    type text not null,
    urgency text not null,
    channel text not null,
    state text not null,
    title text not null,
    description text not null,
    customer_id uuid,
    contact_id uuid,
    department text not null,
    assignee text not null,
    created_by text not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    revision bigint not null,
    primary key (tenant, work_order_id),
    unique (tenant, number)
);
-- Lists run from the newest down; ids are UUIDv7, so the id is the order of making.
create index work_order_of_customer on work_order (tenant, customer_id, work_order_id desc)
    where customer_id is not null;
create index work_order_of_contact on work_order (tenant, contact_id) where contact_id is not null;
create index work_order_of_assignee on work_order (tenant, assignee, work_order_id desc)
    where assignee <> '';
create index work_order_in_state on work_order (tenant, state, work_order_id desc);

create table work_order_step (
    tenant text not null,
    work_order_id uuid not null,
    position bigint not null,
    step_id uuid not null,
    action text,
    from_state text not null,
    to_state text not null,
    by_whom text not null,
    note text not null,
    department text not null,
    assignee text not null,
    satisfied boolean,
    at timestamptz not null,
    primary key (tenant, work_order_id, position),
    foreign key (tenant, work_order_id) references work_order
);

-- A history that can be edited proves nothing.
create function refuse_history_change() returns trigger language plpgsql as $$
begin
    raise exception 'work_order_step is append-only';
end
$$;
create trigger append_only before update or delete on work_order_step
    for each row execute function refuse_history_change();
create trigger no_truncate before truncate on work_order_step
    for each statement execute function refuse_history_change();

-- Requests already carried out: a retry gets the same answer and does nothing twice.
create table work_order_request (
    tenant text not null,
    request_id text not null,
    digest bytea not null,
    work_order_id uuid,
    at timestamptz not null,
    primary key (tenant, request_id)
);

-- The last number given out on a day; its row lock is what keeps numbers without gaps or doubles.
create table work_order_day (
    tenant text not null,
    day date not null,
    last integer not null,
    primary key (tenant, day)
);

do $$
declare
    name text;
begin
    foreach name in array array['work_order', 'work_order_step', 'work_order_request', 'work_order_day'] loop
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
