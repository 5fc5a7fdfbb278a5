-- Up Migration
-- Files that come in parts, while they are not whole; and uploads that a person gives up.

-- `offset_bytes` is what is durable: the parts up to there. It moves by compare-and-set, so that of two
-- who send the same part one wins and bytes never interleave.
create table upload_unfinished (
  upload_id uuid not null references upload,
  -- Of the whole file, its address.
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  byte_count bigint not null check (byte_count > 0),
  offset_bytes bigint not null default 0,
  changed_at timestamptz not null default now(),
  primary key (upload_id, sha256),
  check (offset_bytes between 0 and byte_count)
);
create index upload_unfinished_by_age on upload_unfinished (changed_at);

-- `part_sha256` names its blob of the area `incoming`.
create table upload_part (
  upload_id uuid not null,
  sha256 text not null,
  offset_bytes bigint not null check (offset_bytes >= 0),
  byte_count bigint not null check (byte_count > 0),
  part_sha256 text not null check (part_sha256 ~ '^[0-9a-f]{64}$'),
  primary key (upload_id, sha256, offset_bytes),
  foreign key (upload_id, sha256) references upload_unfinished on delete cascade
);
create index upload_part_by_blob on upload_part (part_sha256);

-- Blobs ask who still needs them.
create index upload_file_by_blob on upload_file (sha256);

alter table upload drop constraint upload_status_check;
alter table upload add constraint upload_status_check check (status in
  ('receiving', 'checking', 'awaiting-qc', 'archiving', 'archived', 'rejected', 'failed', 'discarded'));

-- Down Migration
