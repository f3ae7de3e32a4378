-- name: put_recording
-- What is stored stays so; what was missing may have been found since.
insert into recordings as r (recording_id, contact_id, agent_id, queue, from_number, to_number, customer_id, node,
    started_at, length_ms, state, file_key, file_bytes, sha256, pauses, peaks)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
on conflict (recording_id) do update set
    length_ms = excluded.length_ms, state = excluded.state, file_key = excluded.file_key,
    file_bytes = excluded.file_bytes, sha256 = excluded.sha256, peaks = excluded.peaks, stored_at = now()
where r.state = 'missing' and excluded.state = 'stored' and r.tenant = excluded.tenant
returning recording_id;

-- name: recording
select * from recordings where recording_id = $1;

-- name: list_recordings
select * from recordings
where ($1 = '' or contact_id::text = $1) and ($2 = '' or agent_id = $2) and ($3 = '' or queue = $3)
  and ($4 = '' or strpos(from_number, $4) > 0 or strpos(to_number, $4) > 0)
  and ($5::timestamptz is null or started_at >= $5) and ($6::timestamptz is null or started_at < $6)
order by started_at desc, recording_id
limit $7;

-- name: heard_lately
select 1 from audit where about = $1 and action = $2 and user_id = $3 and at > now() - $4::interval limit 1;
