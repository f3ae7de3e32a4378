-- name: user_by_name
select * from users where username = $1;

-- name: user_by_id
select * from users where user_id = $1;

-- name: any_user
select exists (select from users);

-- name: existing_usernames
select username from users where username = any($1::text[]);

-- name: list_users
select * from users
where ($1 = '' or strpos(username, $1) > 0 or strpos(lower(name), $1) > 0 or agent_id = $1)
  and username > $2
order by username
limit $3;

-- name: insert_user
insert into users (user_id, username, name, password_hash, role, agent_id, extension, department)
values ($1, $2, $3, $4, $5, nullif($6, ''), $7, $8)
returning *;

-- name: change_user
update users
set name = $2, role = $3, agent_id = nullif($4, ''), extension = $5, department = $6,
    revision = revision + 1, changed_at = now()
where user_id = $1 and ($7 = 0 or revision = $7)
returning *;

-- name: change_user_by_name
update users
set name = $2, role = $3, agent_id = nullif($4, ''), extension = $5, department = $6,
    revision = revision + 1, changed_at = now()
where username = $1
returning *;

-- name: set_password
update users
set password_hash = $2, revision = revision + 1, changed_at = now()
where user_id = $1;

-- name: refresh_hash_parameters
update users set password_hash = $3 where user_id = $1 and password_hash = $2;

-- name: disable_user
update users
set disabled_at = coalesce(disabled_at, now()), revision = revision + 1, changed_at = now()
where user_id = $1
returning *;

-- name: enable_user
update users
set disabled_at = null, revision = revision + 1, changed_at = now()
where user_id = $1
returning *;

-- name: count_administrators
select count(*) from users where role = 'administrator' and disabled_at is null and user_id <> $1;

-- name: insert_session
insert into sessions (session_id, user_id, refresh_hash, expires_at, address)
values ($1, $2, $3, $4, $5);

-- name: lock_session
select s.*, u.disabled_at as user_disabled_at
from sessions s join users u using (user_id)
where session_id = $1
for update of s;

-- name: rotate_session
update sessions
set previous_hash = refresh_hash, refresh_hash = $2, rotated_at = $3, expires_at = $4
where session_id = $1;

-- name: revoke_session
update sessions set revoked_at = now(), revoked_reason = $2
where session_id = $1 and revoked_at is null
returning session_id, user_id;

-- name: revoke_sessions_of_user
update sessions set revoked_at = now(), revoked_reason = $2
where user_id = $1 and revoked_at is null and ($3::uuid is null or session_id <> $3::uuid)
returning session_id, user_id;

-- name: surplus_sessions
select session_id from sessions
where user_id = $1 and revoked_at is null and expires_at > now()
order by opened_at desc
offset $2;

-- name: recently_revoked
select session_id from sessions where revoked_at > $1;

-- name: delete_old_sessions
delete from sessions
where session_id in (
    select session_id from sessions where expires_at < $1 or revoked_at < $1 limit 5000
);

-- name: put_socket
insert into sockets (agent_id, gateway) values ($1, $2)
on conflict (tenant, agent_id) do update set gateway = excluded.gateway, opened_at = now();

-- name: delete_socket
delete from sockets where agent_id = $1 and gateway = $2;

-- name: sockets_of_gateway
select tenant, agent_id from sockets where gateway = $1;

-- name: insert_audit
insert into audit (audit_id, user_id, username, address, action, about, detail)
values ($1, $2, $3, $4, $5, $6, $7);

-- name: list_audit
select * from audit
where ($1::timestamptz is null or at < $1)
order by at desc, audit_id desc
limit $2;

-- name: keep_work_order
insert into pending_work_orders (request_id, body) values ($1, $2)
on conflict (request_id) do nothing;

-- name: pending_work_orders
select request_id, tenant, body from pending_work_orders
where refused is null
order by tries, kept_at
limit $1;

-- name: work_order_made
delete from pending_work_orders where request_id = $1;

-- name: work_order_tried
update pending_work_orders set tries = tries + 1, refused = $2 where request_id = $1;

-- name: others_at_extension
select username from users
where extension = $1 and user_id <> $2 and disabled_at is null
order by username
limit 1;

-- name: put_browser_phone
insert into browser_phones (sip_user, domain, user_id, session_id, a1_hash, expires_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (tenant, sip_user) do update
set domain = excluded.domain, user_id = excluded.user_id, session_id = excluded.session_id,
    a1_hash = excluded.a1_hash, expires_at = excluded.expires_at;

-- name: delete_other_browser_phones
delete from browser_phones where user_id = $1 and sip_user <> $2;

-- name: delete_browser_phones
delete from browser_phones where session_id = $1;

-- name: browser_phone
select b.a1_hash
from browser_phones b join sessions s using (session_id) join users u on u.user_id = b.user_id
where b.sip_user = $1 and b.domain = $2 and u.extension = $3
  and b.expires_at > now() and s.revoked_at is null and s.expires_at > now() and u.disabled_at is null;

-- name: put_desk_phone
insert into desk_phones (user_id, extension, domain, a1_hash)
values ($1, $2, $3, $4)
on conflict (tenant, user_id) do update
set extension = excluded.extension, domain = excluded.domain, a1_hash = excluded.a1_hash, set_at = now();

-- name: delete_desk_phone
delete from desk_phones where user_id = $1;

-- name: desk_phone
select u.user_id, d.a1_hash
from users u
left join desk_phones d on d.user_id = u.user_id and d.extension = u.extension and d.domain = $2
where u.extension = $1 and u.disabled_at is null
order by d.a1_hash nulls last
limit 1;
