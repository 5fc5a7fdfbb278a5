-- Up Migration
-- The profile of a project in numbered versions, and which profile and key an upload began with.

create function refuse_change_of_all() returns trigger language plpgsql as $$
begin
  raise exception '% is never emptied', tg_table_name using errcode = 'restrict_violation';
end $$;

create table deid_profile (
  project_id uuid not null references project,
  version int not null check (version >= 1),
  -- A profile file, as loadProfile of the anonymizer takes it.
  text text not null check (octet_length(text) between 1 and 262144),
  -- Name, version and edition of the standard.
  label text not null,
  digest text not null check (digest = encode(sha256(convert_to(text, 'UTF8')), 'hex')),
  -- Null for the one that the project was made with.
  set_by uuid references person,
  set_at timestamptz not null default now(),
  primary key (project_id, version)
);
create trigger deid_profile_written_once before update or delete on deid_profile
  for each row execute function refuse_change();
create trigger deid_profile_never_emptied before truncate on deid_profile
  for each statement execute function refuse_change_of_all();

-- What projects that are older than this table have worked with.
insert into deid_profile (project_id, version, text, label, digest)
select id, 1, profile.text, 'Pandok research-longitudinal v1, PS3.15 2026c',
       encode(sha256(convert_to(profile.text, 'UTF8')), 'hex')
  from project, (select $profile${
  "name": "research-longitudinal",
  "version": 1,
  "description": "For studies over time: dates shifted by one offset per subject, sex, age, size and weight kept, descriptions kept without identifiers, private attributes kept where they are known to be safe.",
  "options": [
    "retain-modified-dates",
    "retain-patient-characteristics",
    "clean-descriptors",
    "clean-structured-content",
    "clean-graphics",
    "retain-safe-private"
  ]
}
$profile$ as text) profile;

-- The keys are in another store (VAULT_URL); here is which version is in force.
alter table project add key_version int not null default 1 check (key_version >= 1);
-- Pseudonym, UIDs and dates of a subject come from one key for good.
alter table subject add key_version int not null default 1 check (key_version >= 1);

alter table upload
  add profile_version int not null default 1,
  add key_version int not null default 1 check (key_version >= 1),
  add foreign key (project_id, profile_version) references deid_profile (project_id, version);
alter table upload alter profile_version drop default, alter key_version drop default;

-- Down Migration
