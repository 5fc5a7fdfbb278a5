-- Up Migration
-- Which uploads a subject's digest is kept for: it is given back with the last of them.

-- Uploads from before they were counted are unknown: what they claimed stays.
alter table subject add is_counted boolean not null default false;
alter table subject alter is_counted set default true;

create table subject_holder (
  project_id uuid not null,
  pseudonym text not null,
  -- Of the main database, which this one knows nothing of.
  upload_id uuid not null,
  primary key (project_id, pseudonym, upload_id),
  foreign key (project_id, pseudonym) references subject
);

-- Whoever came first keeps the pseudonym for as long as an upload stands that was not rejected.
create function refuse_loss() returns trigger language plpgsql as $$
begin
  if not old.is_counted
     or exists (select from subject_holder h
                 where h.project_id = old.project_id and h.pseudonym = old.pseudonym) then
    raise exception 'a subject that an upload holds is not removed'
      using errcode = 'restrict_violation';
  end if;
  return old;
end $$;
drop trigger subject_written_once on subject;
create trigger subject_never_changed before update on subject
  for each row execute function refuse_change();
create trigger subject_held before delete on subject
  for each row execute function refuse_loss();

-- Down Migration
