-- name: claim_request
insert into work_order_request (tenant, request_id, digest, at)
values ($1, $2, $3, $4)
on conflict (tenant, request_id) do nothing
returning true;

-- name: claimed_request
select digest, work_order_id::text from work_order_request where tenant = $1 and request_id = $2;

-- name: settle_request
update work_order_request set work_order_id = $3 where tenant = $1 and request_id = $2;

-- name: next_number
insert into work_order_day as day (tenant, day, last)
values ($1, $2, 1)
on conflict (tenant, day) do update set last = day.last + 1
returning last;

-- name: insert_order
insert into work_order (
    tenant, work_order_id, number, type, urgency, channel, state, title, description, customer_id,
    contact_id, department, assignee, created_by, created_at, changed_at, revision
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);

-- name: move_order
update work_order
set state = $4, department = $5, assignee = $6, changed_at = $7, revision = $3 + 1
where tenant = $1 and work_order_id = $2 and revision = $3
returning true;

-- name: insert_step
insert into work_order_step (
    tenant, work_order_id, position, step_id, action, from_state, to_state, by_whom, note, department,
    assignee, satisfied, at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: order_by_id
select * from work_order where tenant = $1 and work_order_id = $2;

-- name: order_by_number
select * from work_order where tenant = $1 and number = $2;

-- name: lock_order_by_id
select * from work_order where tenant = $1 and work_order_id = $2 for update;

-- name: lock_order_by_number
select * from work_order where tenant = $1 and number = $2 for update;

-- name: steps
select * from work_order_step where tenant = $1 and work_order_id = $2 order by position;

-- name: list_orders
select * from work_order
where tenant = $1
    and ($2::uuid is null or customer_id = $2)
    and ($3::uuid is null or contact_id = $3)
    and ($4::text = '' or assignee = $4)
    and (cardinality($5::text[]) = 0 or state = any ($5))
    and ($6::text = '' or number ilike $6 or title ilike $6 or description ilike $6)
    and ($7::uuid is null or work_order_id < $7)
order by work_order_id desc
limit $8;
