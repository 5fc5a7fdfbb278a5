-- Up Migration
-- Studies that are pulled from peers (DICOMweb origins of the operator's).

create table peer_import (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references project,
  upload_id uuid not null unique references upload,
  peer_key text not null,
  -- As the peer names it, so it identifies; gone as soon as nothing more is pulled.
  study_instance_uid text,
  total int check (total >= 0),
  finished_at timestamptz,
  failure_code text,
  check ((finished_at is null) = (study_instance_uid is not null))
);

-- What is there already, so that an interrupted import goes on: a keyed digest of the SOP Instance UID.
create table peer_import_instance (
  import_id uuid not null references peer_import,
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  primary key (import_id, digest)
);

-- Down Migration
