-- name: latest_flows
select distinct on (tenant, name) tenant, name, version, source, published_at
from flow_version
order by tenant, name, version desc;

-- name: newest_publication
select max(published_at) from flow_version;

-- name: flow_version
select tenant, name, version, source, published_at
from flow_version
where tenant = $1 and name = $2 and version = $3;

-- name: insert_flow
insert into flow_version (tenant, name, version, source, published_at)
select $1, $2, $3, $4, $5
where not exists (select from flow_version where tenant = $1 and name = $2 and version >= $3)
on conflict do nothing
returning true;

-- name: insert_entries
insert into call_entry (
    tenant, entry_id, contact_id, node, call_id, from_number, to_number, customer_id,
    flow, version, entered_at, left_at, re_entered, outcome, cause)
select * from unnest(
    $1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::integer[], $11::timestamptz[], $12::timestamptz[], $13::boolean[], $14::text[], $15::text[])
on conflict do nothing;

-- name: insert_answer
insert into survey_answer (tenant, answer_id, contact_id, flow, node, score, highest, agent_id, answered_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict do nothing
returning true;

-- name: insert_voicemail
insert into voicemail (
    tenant, voicemail_id, contact_id, node, call_id, from_number, to_number, customer_id,
    file, length_ms, left_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict do nothing
returning true;

-- name: voicemails
select tenant, voicemail_id::text, contact_id::text, node, call_id, from_number, to_number, customer_id,
       file, length_ms, left_at
from voicemail
where tenant = $1
order by voicemail_id desc
limit $2;
