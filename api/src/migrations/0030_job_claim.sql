-- Up Migration
-- Which attempt has the job: another value for each. A crash of the database may undo a claim, so that the
-- same worker takes the job again under the same number, while its first attempt still runs.
alter table job add column claim uuid;

-- Down Migration
