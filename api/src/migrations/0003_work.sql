-- Up Migration
-- Cases, tasks, assignments; what readers make; what reviewers say.

create table reading_case (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references project,
  subject_id uuid not null references subject,
  stage text not null default 'annotate' check (stage in
    ('annotate', 'review-1', 'review-2', 'accepted')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (project_id, subject_id)
);
create index reading_case_by_stage on reading_case (project_id, stage, created_at);

create table case_study (
  case_id uuid not null references reading_case,
  study_id uuid not null unique references study,
  primary key (case_id, study_id)
);

create table task (
  id uuid primary key default gen_random_uuid(),
  case_id uuid not null references reading_case,
  project_id uuid not null references project,
  kind text not null check (kind in ('annotate', 'review-1', 'review-2')),
  status text not null default 'ready' check (status in
    ('ready', 'in-progress', 'returned', 'done')),
  round int not null default 1 check (round >= 1),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (case_id, kind),
  unique (id, case_id, kind)
) with (fillfactor = 80);
create index task_open on task (project_id, kind, created_at) where status in ('ready', 'returned');

-- Who plays which part in a case, for good: one person per part, and one part per person. So a
-- reviewer is never the author, and the second reviewer is neither of the two.
create table case_reader (
  case_id uuid not null references reading_case,
  kind text not null check (kind in ('annotate', 'review-1', 'review-2')),
  person_id uuid not null references person,
  since timestamptz not null default now(),
  primary key (case_id, kind),
  constraint one_part_per_person unique (case_id, person_id),
  unique (case_id, kind, person_id)
);

create table assignment (
  id uuid primary key default gen_random_uuid(),
  task_id uuid not null,
  case_id uuid not null,
  kind text not null,
  person_id uuid not null references person,
  since timestamptz not null default now(),
  ended_at timestamptz,
  ended_by text check (ended_by in ('submitted', 'verdict', 'released')),
  check ((ended_at is null) = (ended_by is null)),
  foreign key (task_id, case_id, kind) references task (id, case_id, kind),
  -- Only the reader who plays the part can hold its task.
  foreign key (case_id, kind, person_id) references case_reader (case_id, kind, person_id)
    deferrable initially deferred
);
create unique index one_active_assignment on assignment (task_id) where ended_at is null;
create index assignment_by_person on assignment (person_id) where ended_at is null;

-- One saved stroke: absolute values of the voxels it changed.
create table segmentation_revision (
  task_id uuid not null references task,
  revision int not null check (revision >= 1),
  -- Made by the client, so that a retry after a lost answer is the same revision.
  client_revision_id uuid not null,
  series_instance_uid text not null references series (series_instance_uid),
  assignment_id uuid not null references assignment,
  author_id uuid not null references person,
  runs jsonb not null,
  created_at timestamptz not null default now(),
  primary key (task_id, revision),
  unique (task_id, client_revision_id)
);
create trigger segmentation_revision_written_once before update or delete on segmentation_revision
  for each row execute function refuse_change();

create table annotation_revision (
  annotation_id uuid not null,
  revision int not null check (revision >= 1),
  task_id uuid not null references task,
  assignment_id uuid not null references assignment,
  author_id uuid not null references person,
  kind text not null check (kind in ('length')),
  schema_version int not null default 1,
  points_mm jsonb not null,
  sop_instance_uid text not null references instance (sop_instance_uid),
  frame_of_reference_uid text not null,
  removed boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (annotation_id, revision)
);
create index annotation_revision_by_task on annotation_revision (task_id);
create trigger annotation_revision_written_once before update or delete on annotation_revision
  for each row execute function refuse_change();

create table review (
  id uuid primary key default gen_random_uuid(),
  task_id uuid not null,
  case_id uuid not null,
  kind text not null check (kind in ('review-1', 'review-2')),
  round int not null,
  reviewer_id uuid not null references person,
  verdict text not null check (verdict in ('accept', 'return')),
  reason text,
  comment text check (char_length(comment) <= 1000),
  -- Revision of the annotate task's segmentation that was looked at.
  segmentation_revision int not null,
  created_at timestamptz not null default now(),
  foreign key (task_id, case_id, kind) references task (id, case_id, kind),
  foreign key (case_id, kind, reviewer_id) references case_reader (case_id, kind, person_id),
  check (verdict = 'accept' or (reason is not null and comment is not null))
);
create index review_by_case on review (case_id, created_at);
create trigger review_written_once before update or delete on review
  for each row execute function refuse_change();

create table review_pin (
  id uuid primary key default gen_random_uuid(),
  review_id uuid not null references review,
  text text not null check (char_length(text) between 1 and 1000),
  sop_instance_uid text not null references instance (sop_instance_uid),
  point_mm jsonb not null
);
create index review_pin_by_review on review_pin (review_id);

-- Down Migration
