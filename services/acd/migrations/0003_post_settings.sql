-- What 0002 put into `settings`.
alter table queue drop column title, drop column strategy, drop column ring_timeout_ms, drop column wrap_up_ms,
    drop column service_level_ms, drop column priority_step_ms, drop column max_wait_ms, drop column max_length;
