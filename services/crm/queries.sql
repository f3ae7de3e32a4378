-- name: known_number
select
    c.customer_id, c.name, c.level, c.language,
    b.reason, b.expires_at,
    s.segment, s.department
from (select $2::text collate "C" as number) as asked
left join customer_number n on n.tenant = $1 and n.number = asked.number
left join customer c on c.tenant = $1 and c.customer_id = n.customer_id
left join blocked_number b on b.tenant = $1 and b.number = asked.number
left join lateral (
    select segment, department from number_segment
    where tenant = $1 and prefix = any ($3::text[])
    order by length(prefix) desc
    limit 1
) s on true;

-- name: screen_pop
-- The id is found before the join: a join on an expression could leak, so row-level security would have it
-- read every customer.
with asked as materialized (
    select coalesce(
        (select customer_id from customer where tenant = $1 and customer_id = $4::uuid),
        (select customer_id from customer_number where tenant = $1 and number = $2::text)
    ) as customer_id
)
select
    c.*,
    array(select number from customer_number
        where tenant = $1 and customer_id = asked.customer_id order by position) as numbers,
    array(select account from customer_account
        where tenant = $1 and customer_id = asked.customer_id order by position) as accounts,
    b.reason, b.expires_at,
    s.segment, s.department
from asked
left join customer c on c.tenant = $1 and c.customer_id = asked.customer_id
left join blocked_number b on b.tenant = $1 and b.number = $2::text
left join lateral (
    select segment, department from number_segment
    where tenant = $1 and prefix = any ($3::text[])
    order by length(prefix) desc
    limit 1
) s on true;

-- name: customers
select
    c.*,
    array(select number from customer_number
        where tenant = $1 and customer_id = c.customer_id order by position) as numbers,
    array(select account from customer_account
        where tenant = $1 and customer_id = c.customer_id order by position) as accounts
from customer c
where c.tenant = $1 and c.customer_id = any ($2::uuid[])
order by c.changed_at desc, c.customer_id desc;

-- name: lock_customer
select revision from customer where tenant = $1 and customer_id = $2 for update;

-- name: insert_customer
insert into customer (
    tenant, customer_id, name, organisation, email, level, language, tags, notes, revision, created_at,
    changed_at, name_key, organisation_key
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: update_customer
update customer
set name = $3, organisation = $4, email = $5, level = $6, language = $7, tags = $8, notes = $9,
    revision = $10, created_at = $11, changed_at = $12, name_key = $13, organisation_key = $14
where tenant = $1 and customer_id = $2;

-- name: remove_numbers
delete from customer_number where tenant = $1 and customer_id = $2;

-- name: add_numbers
insert into customer_number (tenant, number, customer_id, position)
select $1, number, $2, position
from unnest($3::text[]) with ordinality as given (number, position)
order by number -- two who add the same numbers at once must not wait for each other in a circle
on conflict (tenant, number) do nothing
returning number;

-- name: holders
select n.number, n.customer_id, c.name, c.organisation
from customer_number n
join customer c on c.tenant = n.tenant and c.customer_id = n.customer_id
where n.tenant = $1 and n.number = any ($2::text[]) and n.customer_id <> $3
order by n.number;

-- name: remove_accounts
delete from customer_account where tenant = $1 and customer_id = $2;

-- name: add_accounts
insert into customer_account (tenant, account_key, customer_id, account, position)
select $1, account_key, $2, account, position
from unnest($3::text[], $4::text[]) with ordinality as given (account_key, account, position)
on conflict do nothing;

-- name: search_by_beginning
-- Ranges rather than LIKE or ^@: those find the index only where the text is known when planning.
select customer_id from customer where tenant = $1 and customer_id in (
    select customer_id from customer_number where tenant = $1 and number = $2
    union all
    select n.customer_id from unnest($3::text[], $4::text[]) as begin (least, beyond)
    cross join lateral (
        select customer_id from customer_number
        where tenant = $1 and number >= begin.least and number < begin.beyond limit $8
    ) n
    union all
    (select customer_id from customer_account
    where tenant = $1 and account_key >= $5 and account_key < $6 limit $8)
    union all
    (select customer_id from customer where tenant = $1 and name_key >= $5 and name_key < $6 limit $8)
    union all
    (select customer_id from customer
    where tenant = $1 and organisation_key >= $5 and organisation_key < $6 and organisation_key <> ''
    limit $8)
)
order by changed_at desc, customer_id desc
limit $7;

-- name: search_inside
select customer_id from customer
where tenant = $1 and (name_key like $2 or organisation_key like $2)
order by changed_at desc, customer_id desc
limit $3;

-- name: block
insert into blocked_number (tenant, number, reason, blocked_at, expires_at)
values ($1, $2, $3, $4, $5)
on conflict (tenant, number) do update
set reason = excluded.reason, blocked_at = excluded.blocked_at, expires_at = excluded.expires_at;

-- name: unblock
delete from blocked_number where tenant = $1 and number = $2 returning true;

-- name: blocked_numbers
select number, reason, blocked_at, expires_at from blocked_number
where tenant = $1 and (expires_at is null or expires_at > $2)
order by blocked_at desc
limit $3;

-- name: put_segment
insert into number_segment (tenant, prefix, segment, department)
values ($1, $2, $3, $4)
on conflict (tenant, prefix) do update set segment = excluded.segment, department = excluded.department;

-- name: remove_segment
delete from number_segment where tenant = $1 and prefix = $2 returning true;

-- name: segments
select prefix, segment, department from number_segment where tenant = $1 order by prefix limit $2;

-- name: add_entries
insert into timeline (
    tenant, entry_id, at, kind, channel, contact_id, agent_id, number, customer_id, title, data
)
select * from unnest(
    $1::text[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[],
    $9::uuid[], $10::text[], $11::json[]
)
on conflict (tenant, entry_id) do nothing;

-- name: attribute_entries
update timeline as orphan
set number = contact.number, customer_id = contact.customer_id
from timeline as contact, unnest($1::text[], $2::uuid[]) as seen (tenant, contact_id)
where contact.tenant = seen.tenant and contact.contact_id = seen.contact_id and contact.kind = 'contact'
    and orphan.tenant = seen.tenant and orphan.contact_id = seen.contact_id
    and orphan.kind in ('voicemail', 'work_order')
    and orphan.number is null and orphan.customer_id is null
    and (contact.number is not null or contact.customer_id is not null);

-- name: timeline_of_customer
select e.*, f.surveys, f.wrap_ups
from (
    (
        select * from timeline
        where tenant = $1 and customer_id = $2 and at < coalesce($4::timestamptz, 'infinity')
        order by at desc
        limit $5
    )
    union all
    (
        select t.* from unnest($3::text[]) as own (number)
        cross join lateral (
            select * from timeline
            where tenant = $1 and number = own.number and customer_id is null
                and at < coalesce($4::timestamptz, 'infinity')
            order by at desc
            limit $5
        ) t
    )
    order by at desc
    limit $5
) e
left join lateral (
    select
        json_agg(data order by at) filter (where kind = 'survey')::text as surveys,
        json_agg(data order by at) filter (where kind = 'wrap_up')::text as wrap_ups
    from timeline
    where e.kind = 'contact' and tenant = $1 and contact_id = e.contact_id and kind in ('survey', 'wrap_up')
) f on true
order by e.at desc;

-- name: timeline_of_contact
select e.*, f.surveys, f.wrap_ups
from timeline e
left join lateral (
    select
        json_agg(data order by at) filter (where kind = 'survey')::text as surveys,
        json_agg(data order by at) filter (where kind = 'wrap_up')::text as wrap_ups
    from timeline
    where e.kind = 'contact' and tenant = $1 and contact_id = e.contact_id and kind in ('survey', 'wrap_up')
) f on true
where e.tenant = $1 and e.contact_id = $2 and e.at < coalesce($3::timestamptz, 'infinity')
order by e.at desc
limit $4;

-- name: substring_index_possible
select exists (select from pg_available_extensions where name = 'pg_trgm');
