-- Up Migration
-- Whoever approves has opened what waits for a person, in person; and pseudonyms that stand for two.

create table pixel_seen (
  upload_id uuid not null,
  series_instance_uid text not null,
  person_id uuid not null references person,
  seen_at timestamptz not null default now(),
  primary key (upload_id, series_instance_uid, person_id),
  foreign key (upload_id, series_instance_uid) references pixel_look
);
insert into pixel_seen (upload_id, series_instance_uid, person_id, seen_at)
select upload_id, series_instance_uid, seen_by, seen_at from pixel_look where seen_by is not null;
alter table pixel_look drop column seen_by, drop column seen_at;

alter table upload
  -- Who approved or rejected; unknown where that was before this column.
  add decided_by uuid references person,
  -- Pseudonyms that the vault knows as somebody else's: their files are refused.
  add collided_pseudonyms text[] not null default '{}';

create or replace function refuse_unseen_pixels() returns trigger language plpgsql as $$
begin
  if exists (select from pixel_finding where upload_id = new.id and decision is null)
     or exists (select from pixel_look l where l.upload_id = new.id
                 and (not l.is_done or l.must_be_seen
                      and not exists (select from pixel_seen s
                                       where s.upload_id = l.upload_id
                                         and s.series_instance_uid = l.series_instance_uid
                                         and s.person_id = new.decided_by)
                      and exists (select from upload_file f
                                   where f.upload_id = new.id and f.status = 'clean'
                                     and f.instance->>'seriesInstanceUid' = l.series_instance_uid)))
  then
    raise exception 'pixels wait for a person' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

-- Down Migration
