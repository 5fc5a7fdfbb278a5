-- Up Migration
-- The duty that comes round hourly: parts that were abandoned go, old history goes, and what waits for a
-- blob that is not there is found.
alter table storage_duty
  drop constraint storage_duty_name_check,
  add constraint storage_duty_name_check check (name in ('scrub', 'orphans', 'tidy'));
insert into storage_duty (name) values ('tidy');

-- Files whose bytes are on their way; few among many.
create index upload_file_on_its_way on upload_file (sha256)
  where status in ('received', 'clean', 'conflict');
create index derived_blob_by_blob on derived_blob (sha256);
create index derived_blob_by_age on derived_blob (created_at);
create index job_finished on job (finished_at) where state in ('done', 'cancelled');

-- Down Migration
