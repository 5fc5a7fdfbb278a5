-- Up Migration
-- What became of the attempts of a job before its latest, oldest first: [{startedAt, endedAt, reason,
-- host, pid}]. A job that is done at its first attempt costs nothing more than before.
alter table job add column past jsonb not null default '[]';

-- The dead letters, which a page shows first and counts; few among many.
create index job_failed on job (project_id, created_at desc) where state = 'failed';

-- Down Migration
