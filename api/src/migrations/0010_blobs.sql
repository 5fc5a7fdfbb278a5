-- Up Migration
-- Whether what is stored is still what it was.

-- Duties that come round: any worker takes what is due, one at a time, for as long as its lease lasts.
create table storage_duty (
  name text primary key check (name in ('scrub', 'orphans')),
  -- How far the pass is: area/hash of the last blob looked at; empty at its beginning.
  cursor text not null default '',
  due_at timestamptz not null default now(),
  leased_until timestamptz not null default '-infinity',
  pass_started_at timestamptz,
  pass_blobs bigint not null default 0,
  pass_bytes bigint not null default 0,
  -- The last pass that came to its end.
  full_started_at timestamptz,
  full_finished_at timestamptz,
  full_blobs bigint,
  full_bytes bigint,
  check ((full_started_at is null) = (full_finished_at is null))
);
insert into storage_duty (name) values ('scrub'), ('orphans');

-- When the bytes of a blob last had the hash of its name.
create table blob_verified (
  area text not null check (area in ('archive', 'release')),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  verified_at timestamptz not null,
  primary key (area, sha256)
);

-- `missing`: a row points to no blob. `damaged`: other bytes than the name says. `orphan`: no row
-- points to the blob, in an area from which nothing is ever removed.
create table storage_finding (
  id bigint generated always as identity primary key,
  area text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  kind text not null check (kind in ('missing', 'damaged', 'orphan')),
  found_at timestamptz not null default now(),
  resolved_at timestamptz
);
create unique index storage_finding_open on storage_finding (area, sha256, kind)
  where resolved_at is null;

create index instance_by_blob on instance (sha256);

-- Down Migration
