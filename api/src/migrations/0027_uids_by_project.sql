-- Up Migration
-- UIDs are unique within a project, not in the whole archive: whoever sends a file that is clean already
-- must not learn from a refusal that another project has its study. UIDs derived with a project's key never
-- meet; those of files that came clean may, and are then two studies.

-- Rows of readers name series and instances of their case; these rules take the place of the foreign keys.
alter table segmentation_revision
  drop constraint segmentation_revision_series_instance_uid_fkey;
alter table annotation_revision
  drop constraint annotation_revision_sop_instance_uid_fkey;
alter table review_pin
  drop constraint review_pin_sop_instance_uid_fkey;

create function refuse_series_of_another_case() returns trigger language plpgsql as $$
begin
  if not exists (select from task t join case_study cs on cs.case_id = t.case_id
                   join series se on se.study_id = cs.study_id
                  where t.id = new.task_id and se.series_instance_uid = new.series_instance_uid) then
    raise exception 'the series is not of the case' using errcode = 'foreign_key_violation';
  end if;
  return new;
end $$;
create trigger segmentation_revision_of_its_case before insert on segmentation_revision
  for each row execute function refuse_series_of_another_case();

create function refuse_instance_of_another_case() returns trigger language plpgsql as $$
declare
  read_case uuid;
begin
  if tg_table_name = 'review_pin' then
    select case_id into read_case from review where id = new.review_id;
  else
    select case_id into read_case from task where id = new.task_id;
  end if;
  if not exists (select from case_study cs join series se on se.study_id = cs.study_id
                   join instance i on i.series_id = se.id
                  where cs.case_id = read_case and i.sop_instance_uid = new.sop_instance_uid) then
    raise exception 'the instance is not of the case' using errcode = 'foreign_key_violation';
  end if;
  return new;
end $$;
create trigger annotation_revision_of_its_case before insert on annotation_revision
  for each row execute function refuse_instance_of_another_case();
create trigger review_pin_of_its_case before insert on review_pin
  for each row execute function refuse_instance_of_another_case();

alter table study
  drop constraint study_study_instance_uid_key,
  add unique (project_id, study_instance_uid),
  add unique (id, project_id);
-- Which of several was first.
create index study_by_uid on study (study_instance_uid, created_at, id);

-- The project of the study, for it decides what is unique.
alter table series add project_id uuid;
update series se set project_id = s.project_id from study s where s.id = se.study_id;
alter table series
  alter project_id set not null,
  drop constraint series_study_id_fkey,
  drop constraint series_series_instance_uid_key,
  add unique (project_id, series_instance_uid),
  add unique (id, project_id),
  add foreign key (study_id, project_id) references study (id, project_id);

alter table instance add project_id uuid;
update instance i set project_id = se.project_id from series se where se.id = i.series_id;
alter table instance
  alter project_id set not null,
  drop constraint instance_series_id_fkey,
  drop constraint instance_sop_instance_uid_key,
  add unique (project_id, sop_instance_uid),
  add foreign key (series_id, project_id) references series (id, project_id);

-- Down Migration
