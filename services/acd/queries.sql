-- Events come as a JSON array of {"t": tenant, "i": event id, "d": the event's data}, a batch of one kind in the
-- order of the stream; PostgreSQL takes them apart, which costs this process nothing. Where one row may be meant
-- several times in a batch, the last one counts.

-- name: put_queue
insert into queue (tenant, name, settings) values ($1, $2, $3::jsonb)
on conflict (tenant, name) do update set settings = excluded.settings, changed_at = now();

-- name: put_agents
insert into agent (tenant, agent_id, name, extension, queues, settings)
select $1, e->>'agent_id', e->>'name', e->>'extension', array(select jsonb_array_elements_text(e->'queues')),
       e->'settings'
from jsonb_array_elements($2::jsonb) e
on conflict (tenant, agent_id) do update set
    name = excluded.name, extension = excluded.extension, queues = excluded.queues,
    settings = excluded.settings, changed_at = now();

-- name: put_session_extension
update agent set session_extension = $3, changed_at = now()
where tenant = $1 and agent_id = $2 and session_extension <> $3;

-- name: all_queues
select tenant, name, settings from queue order by tenant, name;

-- name: all_agents
select tenant, agent_id, settings, session_extension, presence, reason, routing_status,
       contact_id::text as contact_id, since, until, work_mode
from agent order by tenant, agent_id;

-- name: decisions
select decision, case when answered_at is not null then 'answered' else failure end as outcome,
       coalesce(answered_at, failed_at) as outcome_at
from segment where contact_id = $1 and decision is not null order by offered_at;

-- name: open_contacts
select tenant, contact_id::text as contact_id, channel, node, call_id, from_number, to_number, customer_id,
       queue, agent_id, opened_at, answered_at, waited_ms, talk_ms, hold_ms, offers
from contact where ended_at is null and opened_at > now() - interval '7 days' and channel <> 'callback'
order by opened_at limit $1;

-- name: open_callbacks
select b.tenant, b.request, b.attempts_made, b.next_at, c.answered_at
from callback b left join contact c on c.tenant = b.tenant and c.contact_id = b.contact_id
where b.ended_at is null and c.ended_at is null
order by b.requested_at limit $1;

-- name: CallbackRequested
insert into callback (tenant, contact_id, queue, number, request, requested_at)
select e->>'t', (d->>'contactId')::uuid, coalesce(d->>'queue', ''), coalesce(d->>'number', ''), d,
       (d->>'requestedAt')::timestamptz
from jsonb_array_elements($1::jsonb) e, lateral (select e->'d' as d) x
on conflict (tenant, contact_id) do nothing;

-- name: CallbackDialled
update callback b
set attempts_made = n.attempt, next_at = n.next_at
from (
    select distinct on (e->>'t', e#>>'{d,contactId}')
           e->>'t' as tenant, (e#>>'{d,contactId}')::uuid as contact_id,
           coalesce((e#>>'{d,attempt}')::integer, 0) as attempt, (e#>>'{d,nextAt}')::timestamptz as next_at
    from jsonb_array_elements($1::jsonb) e
    order by e->>'t', e#>>'{d,contactId}', coalesce((e#>>'{d,attempt}')::integer, 0) desc
) n
where b.tenant = n.tenant and b.contact_id = n.contact_id and b.attempts_made < n.attempt;

-- name: CallbackFailed
-- Of an attempt that another has followed, nothing is kept: a batch of the one kind comes after that of the other.
update callback b
set next_at = n.next_at, last_result = n.result
from (
    select distinct on (e->>'t', e#>>'{d,contactId}')
           e->>'t' as tenant, (e#>>'{d,contactId}')::uuid as contact_id,
           coalesce((e#>>'{d,attempt}')::integer, 0) as attempt, (e#>>'{d,nextAt}')::timestamptz as next_at,
           coalesce(e#>>'{d,result}', '') as result
    from jsonb_array_elements($1::jsonb) e
    order by e->>'t', e#>>'{d,contactId}', coalesce((e#>>'{d,attempt}')::integer, 0) desc
) n
where b.tenant = n.tenant and b.contact_id = n.contact_id and b.attempts_made <= n.attempt;

-- name: callback_ended
update callback b
set ended_at = (d->>'endedAt')::timestamptz, outcome = coalesce(lower(substr(d->>'outcome', 9)), '')
from jsonb_array_elements($1::jsonb) e, lateral (select e->'d' as d) x
where b.tenant = e->>'t' and b.contact_id = (d->>'contactId')::uuid and b.ended_at is null;

-- name: ContactOpened
insert into contact (tenant, contact_id, channel, node, call_id, from_number, to_number, customer_id, opened_at)
select e->>'t', (d->>'contactId')::uuid, coalesce(lower(substr(d->>'channel', 9)), ''),
       coalesce(d#>>'{call,node}', ''), coalesce(d#>>'{call,callId}', ''), coalesce(d->>'fromNumber', ''),
       coalesce(d->>'toNumber', ''), coalesce(d->>'customerId', ''), (d->>'openedAt')::timestamptz
from jsonb_array_elements($1::jsonb) e, lateral (select e->'d' as d) x
on conflict (tenant, contact_id) do nothing;

-- name: ContactQueued
insert into contact as c (tenant, contact_id, queue, priority, enqueued_at, opened_at)
select distinct on (e->>'t', d->>'contactId')
       e->>'t', (d->>'contactId')::uuid, coalesce(d->>'queue', ''), coalesce((d->>'priority')::smallint, 0::smallint),
       (d->>'enqueuedAt')::timestamptz, (d->>'enqueuedAt')::timestamptz
from jsonb_array_elements($1::jsonb) with ordinality as r (e, n), lateral (select e->'d' as d) x
order by e->>'t', d->>'contactId', n desc
on conflict (tenant, contact_id) do update set
    queue = excluded.queue, priority = excluded.priority, enqueued_at = excluded.enqueued_at;

-- name: ContactOffered
insert into segment (tenant, offer_id, contact_id, agent_id, queue, attempt, offered_at, reason, decision)
select e->>'t', (d->>'offerId')::uuid, (d->>'contactId')::uuid, coalesce(d->>'agentId', ''), coalesce(d->>'queue', ''),
       coalesce((d->>'attempt')::integer, 0), (d->>'offeredAt')::timestamptz, coalesce(d->>'reason', ''),
       d->'decision'
from jsonb_array_elements($1::jsonb) e, lateral (select e->'d' as d) x
on conflict (tenant, offer_id) do nothing;

-- name: ContactOfferFailed
update segment s
set failed_at = (d->>'failedAt')::timestamptz, failure = coalesce(lower(substr(d->>'failure', 15)), ''),
    cause = coalesce(d->>'cause', ''), rang_ms = coalesce((d->>'rangMs')::bigint, 0)
from jsonb_array_elements($1::jsonb) e, lateral (select e->'d' as d) x
where s.tenant = e->>'t' and s.offer_id = (d->>'offerId')::uuid;

-- name: ContactAnswered
with batch as (
    select distinct on (e->>'t', d->>'offerId')
           e->>'t' as tenant, (d->>'offerId')::uuid as offer_id, (d->>'contactId')::uuid as contact_id,
           coalesce(d->>'agentId', '') as agent_id, coalesce(d->>'queue', '') as queue,
           (d->>'answeredAt')::timestamptz as answered_at, coalesce((d->>'waitedMs')::bigint, 0) as waited_ms
    from jsonb_array_elements($1::jsonb) e, lateral (select e->'d' as d) x
), latest as (
    update contact c set agent_id = b.agent_id, queue = b.queue, answered_at = b.answered_at
    from (select distinct on (tenant, contact_id) * from batch order by tenant, contact_id, answered_at desc) b
    where c.tenant = b.tenant and c.contact_id = b.contact_id
)
insert into segment as s (tenant, offer_id, contact_id, agent_id, queue, answered_at, waited_ms)
select tenant, offer_id, contact_id, agent_id, queue, answered_at, waited_ms from batch
on conflict (tenant, offer_id) do update set answered_at = excluded.answered_at, waited_ms = excluded.waited_ms;

-- name: ContactReleased
with batch as (
    select distinct on (e->>'t', d->>'offerId')
           e->>'t' as tenant, (d->>'offerId')::uuid as offer_id, (d->>'contactId')::uuid as contact_id,
           (d->>'releasedAt')::timestamptz as released_at, coalesce((d->>'talkMs')::bigint, 0) as talk_ms,
           coalesce((d->>'holdMs')::bigint, 0) as hold_ms, coalesce(lower(substr(d->>'endedBy', 7)), '') as ended_by
    from jsonb_array_elements($1::jsonb) e, lateral (select e->'d' as d) x
), closed as (
    update segment s
    set released_at = b.released_at, talk_ms = b.talk_ms, hold_ms = b.hold_ms, ended_by = b.ended_by
    from batch b
    where s.tenant = b.tenant and s.offer_id = b.offer_id
), now as (
    select tenant, contact_id, max(released_at) as released_at, sum(talk_ms) as talk_ms, sum(hold_ms) as hold_ms
    from batch group by tenant, contact_id
), before as (
    -- A contact may have spoken several times: what it has in all follows from its segments and this batch.
    select s.tenant, s.contact_id, sum(s.talk_ms) as talk_ms, sum(s.hold_ms) as hold_ms
    from now join segment s on s.tenant = now.tenant and s.contact_id = now.contact_id
    where (s.tenant, s.offer_id) not in (select tenant, offer_id from batch)
    group by s.tenant, s.contact_id
)
update contact c
set released_at = b.released_at, talk_ms = b.talk_ms, hold_ms = b.hold_ms
from (
    select now.tenant, now.contact_id, now.released_at, now.talk_ms + coalesce(before.talk_ms, 0) as talk_ms,
           now.hold_ms + coalesce(before.hold_ms, 0) as hold_ms
    from now left join before on before.tenant = now.tenant and before.contact_id = now.contact_id
) b
where c.tenant = b.tenant and c.contact_id = b.contact_id
  -- Not "is null", or all who wait are looked through by the index of open contacts, which seems short.
  and coalesce(c.ended_at, 'infinity') = 'infinity';

-- name: ContactWrappedUp
update segment s
set wrapped_up_at = (d->>'wrappedUpAt')::timestamptz, wrap_up_ms = coalesce((d->>'wrapUpMs')::bigint, 0),
    disposition = coalesce(d->>'disposition', ''), notes = coalesce(d->>'notes', ''),
    work_order_id = coalesce(d->>'workOrderId', ''), timed_out = coalesce((d->>'timedOut')::boolean, false)
from (
    -- A form that came after the clock is the later of two events: it counts.
    select distinct on (e->>'t', e#>>'{d,contactId}', e#>>'{d,agentId}') e, e->'d' as d
    from jsonb_array_elements($1::jsonb) with ordinality as r (e, n)
    order by e->>'t', e#>>'{d,contactId}', e#>>'{d,agentId}', n desc
) x
where s.tenant = e->>'t' and s.offer_id = (
    select l.offer_id from segment l
    where l.tenant = e->>'t' and l.contact_id = (d->>'contactId')::uuid and l.agent_id = d->>'agentId'
      and l.answered_at is not null
    order by l.answered_at desc limit 1
);

-- name: ContactLeftQueue
update contact c set left_reason = b.reason, overflow = b.overflow
from (
    select distinct on (e->>'t', e#>>'{d,contactId}')
           e->>'t' as tenant, (e#>>'{d,contactId}')::uuid as contact_id, coalesce(e#>>'{d,reason}', '') as reason,
           coalesce(e#>>'{d,overflow}', '') as overflow
    from jsonb_array_elements($1::jsonb) with ordinality as r (e, n)
    order by e->>'t', e#>>'{d,contactId}', n desc
) b
where c.tenant = b.tenant and c.contact_id = b.contact_id;

-- name: ContactEnded
insert into contact as c (tenant, contact_id, channel, node, call_id, from_number, to_number, customer_id, queue,
                          agent_id, opened_at, ended_at, outcome, waited_ms, talk_ms, hold_ms, offers, cause)
select distinct on (e->>'t', d->>'contactId')
       e->>'t', (d->>'contactId')::uuid, coalesce(lower(substr(d->>'channel', 9)), ''),
       coalesce(d#>>'{call,node}', ''), coalesce(d#>>'{call,callId}', ''), coalesce(d->>'fromNumber', ''),
       coalesce(d->>'toNumber', ''), coalesce(d->>'customerId', ''), coalesce(d->>'queue', ''),
       coalesce(d->>'agentId', ''), (d->>'openedAt')::timestamptz, (d->>'endedAt')::timestamptz,
       coalesce(lower(substr(d->>'outcome', 9)), ''), coalesce((d->>'waitedMs')::bigint, 0),
       coalesce((d->>'talkMs')::bigint, 0), coalesce((d->>'holdMs')::bigint, 0),
       coalesce((d->>'offers')::integer, 0), coalesce(d->>'cause', '')
from jsonb_array_elements($1::jsonb) e, lateral (select e->'d' as d) x
on conflict (tenant, contact_id) do update set
    customer_id = excluded.customer_id, queue = excluded.queue, agent_id = excluded.agent_id,
    from_number = excluded.from_number, to_number = excluded.to_number,
    node = excluded.node, call_id = excluded.call_id, ended_at = excluded.ended_at, outcome = excluded.outcome,
    waited_ms = excluded.waited_ms, talk_ms = excluded.talk_ms, hold_ms = excluded.hold_ms,
    offers = excluded.offers, cause = excluded.cause
where c.ended_at is null;

-- name: agent_history
insert into agent_state (tenant, event_id, agent_id, presence, reason, routing_status, contact_id, since, until,
                         previous_presence, previous_routing_status, previous_ms)
select e->>'t', (e->>'i')::uuid, d->>'agentId', (d->>'presence')::smallint, coalesce(d->>'reason', ''),
       (d->>'routingStatus')::smallint, (d->>'contactId')::uuid, (d->>'since')::timestamptz,
       (d->>'until')::timestamptz, coalesce((d->>'previousPresence')::smallint, 0::smallint),
       coalesce((d->>'previousRoutingStatus')::smallint, 0::smallint), coalesce((d->>'previousMs')::bigint, 0)
from jsonb_array_elements($1::jsonb) e, lateral (select e->'d' as d) x
on conflict (tenant, event_id) do nothing;

-- name: agent_present
update agent a
set presence = (d->>'presence')::smallint, reason = coalesce(d->>'reason', ''),
    routing_status = (d->>'routingStatus')::smallint, contact_id = (d->>'contactId')::uuid,
    since = (d->>'since')::timestamptz, until = (d->>'until')::timestamptz, work_mode = (d->>'workMode')::smallint
from (
    select distinct on (e->>'t', e#>>'{d,agentId}') e, e->'d' as d
    from jsonb_array_elements($1::jsonb) with ordinality as r (e, n)
    order by e->>'t', e#>>'{d,agentId}', n desc
) x
where a.tenant = e->>'t' and a.agent_id = d->>'agentId'
  and (a.since is null or a.since <= (d->>'since')::timestamptz);

-- name: end_stuck
select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
  and application_name = current_setting('application_name') and xact_start < now() - $1::interval;
