-- A queue's and an agent's settings as one document, the contract's own: a new setting needs no new column.
select set_config('switchyard.tenant', '*', true);

alter table queue add column settings jsonb;
update queue set settings = jsonb_strip_nulls(jsonb_build_object(
    'name', name, 'title', title, 'ringTimeoutS', ring_timeout_ms / 1000, 'wrapUpS', wrap_up_ms / 1000,
    'serviceLevelS', service_level_ms / 1000, 'priorityStepS', priority_step_ms / 1000,
    'maxWaitS', max_wait_ms / 1000, 'maxLength', max_length));
alter table queue alter column settings set not null;
-- Not written any more; gone with 0003_post.
alter table queue alter column title drop not null, alter column strategy drop not null,
    alter column ring_timeout_ms drop not null, alter column wrap_up_ms drop not null,
    alter column service_level_ms drop not null, alter column priority_step_ms drop not null,
    alter column max_wait_ms drop not null, alter column max_length drop not null;

alter table agent add column settings jsonb;
update agent set settings = jsonb_build_object(
    'agentId', agent_id, 'name', name, 'extension', extension, 'queues', to_jsonb(queues));
alter table agent alter column settings set not null;

-- Why this agent was offered this contact, for `ExplainContact` when memory has forgotten it.
alter table segment add column decision jsonb;
-- Where it went instead, when its queue could not keep it.
alter table contact add column overflow text not null default '';
