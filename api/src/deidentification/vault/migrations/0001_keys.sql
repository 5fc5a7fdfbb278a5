-- Up Migration
-- The keys of the projects' keyed hashes, each wrapped with the installation's key.

create table project_key (
  -- Of the main database, which this one knows nothing of.
  project_id uuid not null,
  version int not null check (version >= 1),
  -- Nonce, tag and key of AES-256-GCM, bound to project and version.
  wrapped_key bytea not null,
  created_at timestamptz not null default now(),
  primary key (project_id, version)
);

-- Subjects of an old key need it for ever: their dates are shifted by it.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'a key is neither changed nor removed' using errcode = 'restrict_violation';
end $$;
create trigger project_key_written_once before update or delete on project_key
  for each row execute function refuse_change();
create trigger project_key_never_emptied before truncate on project_key
  for each statement execute function refuse_change();

-- Down Migration
