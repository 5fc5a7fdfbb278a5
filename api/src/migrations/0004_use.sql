-- Up Migration
-- Outcomes, cohorts, releases.

create table outcome_revision (
  case_id uuid not null references reading_case,
  revision int not null check (revision >= 1),
  author_id uuid not null references person,
  -- OutcomeValues of the contract; every date is shifted by the subject's offset.
  "values" jsonb not null,
  stage_group text,
  created_at timestamptz not null default now(),
  primary key (case_id, revision)
);
create trigger outcome_revision_written_once before update or delete on outcome_revision
  for each row execute function refuse_change();

create table cohort (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references project,
  name text not null,
  filter jsonb not null,
  created_by uuid not null references person,
  created_at timestamptz not null default now(),
  frozen_at timestamptz
);
create index cohort_by_project on cohort (project_id, created_at desc);

-- Written when the cohort is frozen: who belongs, and which revision of their work.
create table cohort_member (
  cohort_id uuid not null references cohort,
  case_id uuid not null references reading_case,
  segmentation_revision int not null,
  outcome_revision int not null,
  primary key (cohort_id, case_id),
  foreign key (case_id, outcome_revision) references outcome_revision (case_id, revision)
);
create trigger cohort_member_written_once before update or delete on cohort_member
  for each row execute function refuse_change();

create table release (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references project,
  cohort_id uuid not null references cohort,
  number int not null check (number >= 1),
  status text not null default 'queued' check (status in
    ('queued', 'building', 'ready', 'failed')),
  done int not null default 0,
  total int not null,
  byte_count bigint,
  sha256 text,
  failure_code text,
  created_by uuid not null references person,
  created_at timestamptz not null default now(),
  unique (project_id, number),
  check (status <> 'ready' or (byte_count is not null and sha256 is not null)),
  check ((status = 'failed') = (failure_code is not null))
);

-- Down Migration
