-- People who are to be called back. A projection like the others: what was asked for is the document of
-- `callback.requested` itself, the rest follows from what was tried. Read at a start, for nobody else holds them.
create table callback (
    tenant text not null,
    contact_id uuid not null,
    queue text not null,
    number text not null,
    request jsonb not null,
    requested_at timestamptz not null,
    attempts_made integer not null default 0,
    next_at timestamptz,
    last_result text not null default '',
    ended_at timestamptz,
    outcome text not null default '',
    primary key (tenant, contact_id)
);
create index callback_open on callback (tenant, requested_at) where ended_at is null;

alter table callback enable row level security;
alter table callback force row level security;
create policy tenant on callback using (tenant = current_setting('switchyard.tenant', true)
    or current_setting('switchyard.tenant', true) = '*');
