-- What follows each contact, as announced last: an agent's own choice outlives a restart. 0: as configured.
alter table agent add column work_mode smallint not null default 0;
