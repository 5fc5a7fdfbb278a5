-- Up Migration
-- What other systems send (STOW-RS, DIMSE, peers): it comes with identifiers and is de-identified here.

alter table upload
  add source text not null default 'browser'
    check (source in ('browser', 'command', 'stow', 'dimse', 'peer')),
  -- True: the server de-identifies before the check. False: the sender did, and it is only checked.
  add is_identified boolean not null default false,
  -- Who sends it, by a name of a machine or an account: an AE title, a user name, a peer. Never a patient.
  add sender text check (char_length(sender) between 1 and 120),
  -- Of an upload that closes by itself once nothing more comes; null for those that are completed.
  add last_received_at timestamptz,
  add check (is_identified = (source in ('stow', 'dimse', 'peer'))),
  add check (is_identified = (sender is not null));
-- One upload for each sender collects, however many requests and associations there are.
create unique index upload_collecting on upload (project_id, source, sender)
  where status = 'receiving' and last_received_at is not null;

-- `cleaned`: the file came with identifiers, its bytes are gone, and `cleaned_sha256` is what became of it.
-- `conflict`: clean, but the archive has the same SOP Instance UID with other bytes, `archived_sha256`;
-- it waits for a person.
alter table upload_file
  drop constraint upload_file_status_check,
  drop constraint upload_file_check1,
  add constraint upload_file_status_check check (status in
    ('received', 'cleaned', 'clean', 'conflict', 'refused', 'archived')),
  add constraint upload_file_instance_check check
    (status in ('received', 'cleaned', 'refused') or instance is not null),
  -- Made here of a file that was sent, and not sent itself.
  add is_output boolean not null default false,
  add cleaned_sha256 text check (cleaned_sha256 ~ '^[0-9a-f]{64}$'),
  add archived_sha256 text check (archived_sha256 ~ '^[0-9a-f]{64}$'),
  add constraint upload_file_cleaned check ((status = 'cleaned') = (cleaned_sha256 is not null)),
  add constraint upload_file_conflict check (status <> 'conflict' or archived_sha256 is not null);

-- Whatever the code above does: nothing is approved while files wait for a person.
create function refuse_undecided_conflicts() returns trigger language plpgsql as $$
begin
  if exists (select from upload_file where upload_id = new.id and status = 'conflict') then
    raise exception 'conflicts wait for a person' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger upload_approved_without_conflicts before update of status on upload
  for each row when (new.status = 'archiving' and old.status = 'awaiting-qc')
  execute function refuse_undecided_conflicts();

-- Down Migration
