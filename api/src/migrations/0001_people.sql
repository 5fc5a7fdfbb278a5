-- Up Migration
-- Persons, projects, memberships, and the audit trail that every later step writes into.

create table person (
  id uuid primary key default gen_random_uuid(),
  -- The `sub` of the identity provider; null until somebody invited has signed in once.
  subject text unique,
  username text not null unique check (username = lower(username)),
  display_name text not null,
  created_at timestamptz not null default now()
);

create table project (
  id uuid primary key default gen_random_uuid(),
  key text not null unique check (key ~ '^[a-z0-9][a-z0-9-]{1,39}$'),
  name_en text not null,
  name_ko text not null,
  pseudonym_prefix text not null check (pseudonym_prefix ~ '^[A-Z]{1,4}$'),
  pseudonym_digits int not null check (pseudonym_digits between 4 and 9),
  -- SegmentLabel[] of the contract.
  segments jsonb not null,
  created_at timestamptz not null default now()
);

create table membership (
  project_id uuid not null references project,
  person_id uuid not null references person,
  role text not null check (role in
    ('data-manager', 'labeler', 'reviewer', 'second-reviewer', 'manager', 'researcher', 'auditor')),
  created_at timestamptz not null default now(),
  primary key (project_id, person_id, role)
);

create table audit_event (
  sequence bigint generated always as identity primary key,
  at timestamptz not null default now(),
  project_id uuid references project,
  actor_id uuid references person,
  action text not null,
  object_kind text not null,
  object_id text not null,
  -- Ids, codes and counts; never a value of a patient.
  details jsonb not null default '{}'
);
create index audit_event_by_project on audit_event (project_id, sequence desc);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are written once', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger audit_event_written_once before update or delete on audit_event
  for each row execute function refuse_change();
create trigger audit_event_never_emptied before truncate on audit_event
  for each statement execute function refuse_change();

-- Down Migration
