-- Up Migration
-- The ledger of a project (PIPA 28-4): what was de-identified for what, who has copies, what became of
-- them. It is never shortened, so everything is kept longer than three years after destruction.

create table processing_terms (
  project_id uuid not null references project,
  version int not null check (version >= 1),
  purpose text not null check (purpose in
    ('scientific-research', 'statistics', 'public-interest-archiving')),
  purpose_detail text not null check (char_length(purpose_detail) between 1 and 300),
  legal_basis text not null check (char_length(legal_basis) between 1 and 200),
  retention_days int not null check (retention_days between 1 and 36500),
  set_by uuid not null references person,
  set_at timestamptz not null default now(),
  primary key (project_id, version)
);
create trigger processing_terms_written_once before update or delete on processing_terms
  for each row execute function refuse_change();
create trigger processing_terms_never_emptied before truncate on processing_terms
  for each statement execute function refuse_change_of_all();

create table ledger_entry (
  project_id uuid not null references project,
  sequence int not null check (sequence >= 1),
  -- The signed entry in its one way of writing (ledger of the anonymizer).
  line text not null,
  kind text not null check (kind in ('opening', 'deidentification', 'release', 'download', 'copy',
    'destruction', 'key-rotation')),
  -- Id of the upload or release; number of the destroyed copy or of the key.
  object_id text,
  -- Null for the machine.
  actor_id uuid references person,
  primary key (project_id, sequence)
);
-- A job that runs again records nothing twice; a copy is destroyed once.
create unique index ledger_entry_once on ledger_entry (project_id, kind, object_id)
  where kind in ('deidentification', 'release', 'destruction', 'key-rotation');
create unique index ledger_entry_opened_once on ledger_entry (project_id) where kind = 'opening';

-- Without gaps, each on the one before: also for whoever writes by SQL alone.
create function continue_ledger() returns trigger language plpgsql as $$
declare
  entry jsonb := new.line::jsonb;
  previous text;
begin
  select line::jsonb ->> 'hash' into previous from ledger_entry
   where project_id = new.project_id and sequence = new.sequence - 1;
  if (entry ->> 'sequence')::int is distinct from new.sequence
     or entry ->> 'previous' is distinct from
        (case when new.sequence = 1 then repeat('0', 64) else previous end) then
    raise exception 'an entry continues the ledger' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger ledger_entry_continues before insert on ledger_entry
  for each row execute function continue_ledger();
create trigger ledger_entry_written_once before update or delete on ledger_entry
  for each row execute function refuse_change();
create trigger ledger_entry_never_emptied before truncate on ledger_entry
  for each statement execute function refuse_change_of_all();

-- Down Migration
