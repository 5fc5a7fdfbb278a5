-- Up Migration
-- Which machines may send by DIMSE, and to which project.

create table dicom_receiver (
  -- The called AE title (PS3.5 AE): of the whole installation, so it leads to one project.
  ae_title text primary key check (ae_title ~ '^[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?$'),
  project_id uuid not null references project,
  calling_ae_titles text[] not null check (cardinality(calling_ae_titles) between 1 and 200),
  -- From which addresses; any when empty.
  addresses cidr[] not null default '{}',
  set_by uuid not null references person,
  set_at timestamptz not null default now()
);
create index dicom_receiver_by_project on dicom_receiver (project_id);

-- Down Migration
