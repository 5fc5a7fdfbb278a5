-- Up Migration
-- From an upload to the archive, and the subject whose images they are.

-- Per-project key of the keyed hashes, wrapped with the installation's key; read only by
-- api/src/deidentification.
create table vault_key (
  project_id uuid primary key references project,
  wrapped_key bytea not null,
  created_at timestamptz not null default now()
);

create table subject (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references project,
  pseudonym text not null,
  created_at timestamptz not null default now(),
  unique (project_id, pseudonym)
);

create table upload (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references project,
  created_by uuid not null references person,
  created_at timestamptz not null default now(),
  status text not null default 'receiving' check (status in
    ('receiving', 'checking', 'awaiting-qc', 'archiving', 'archived', 'rejected', 'failed')),
  -- DeidReport of the contract, made in the browser; null when none was sent.
  report jsonb,
  failure_code text
);
create index upload_by_project on upload (project_id, created_at desc);

-- One received file. `received`: in quarantine; `clean`: checked, in staging; `refused`: not clean,
-- bytes gone; `archived`: in the archive.
create table upload_file (
  upload_id uuid not null references upload,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  byte_count bigint not null check (byte_count > 0),
  status text not null default 'received' check (status in
    ('received', 'clean', 'refused', 'archived')),
  refusal_code text,
  findings jsonb not null default '[]',
  -- What the check read out of a clean file (CleanInstance of the anonymizer).
  instance jsonb,
  received_at timestamptz not null default now(),
  primary key (upload_id, sha256),
  check ((status = 'refused') = (refusal_code is not null)),
  check (status in ('received', 'refused') or instance is not null)
);

create table study (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references project,
  subject_id uuid not null references subject,
  study_instance_uid text not null unique,
  attributes jsonb not null,
  created_at timestamptz not null default now()
);
create index study_by_project on study (project_id);

create table series (
  id uuid primary key default gen_random_uuid(),
  study_id uuid not null references study,
  series_instance_uid text not null unique,
  modality text not null,
  attributes jsonb not null,
  created_at timestamptz not null default now()
);
create index series_by_study on series (study_id);

create table instance (
  id uuid primary key default gen_random_uuid(),
  series_id uuid not null references series,
  sop_instance_uid text not null unique,
  sop_class_uid text not null,
  transfer_syntax_uid text not null,
  -- The blob in the archive.
  sha256 text not null,
  byte_count bigint not null,
  number_of_frames int not null check (number_of_frames >= 1),
  -- DICOM JSON Model (PS3.18 F.2) without bulk data.
  metadata jsonb not null,
  -- [[offset, length], …] of each frame within the blob.
  frames jsonb not null,
  created_at timestamptz not null default now()
);
create index instance_by_series on instance (series_id);

-- Down Migration
