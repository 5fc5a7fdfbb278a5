-- Up Migration
-- Whom each pseudonym stands for, as a keyed digest that says nothing without the key: so that two
-- patients whose pseudonyms are the same by chance are never taken for one.

create table subject (
  project_id uuid not null,
  pseudonym text not null,
  -- 128 bits in hexadecimal, from the patient ID and the project's key.
  digest text not null check (digest ~ '^[0-9a-f]{32}$'),
  created_at timestamptz not null default now(),
  primary key (project_id, pseudonym)
);

-- Whoever came first keeps the pseudonym, also when nothing of them was approved.
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is neither changed nor removed', tg_table_name
    using errcode = 'restrict_violation';
end $$;
create trigger subject_written_once before update or delete on subject
  for each row execute function refuse_change();
create trigger subject_never_emptied before truncate on subject
  for each statement execute function refuse_change();

-- Down Migration
