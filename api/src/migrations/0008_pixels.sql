-- Up Migration
-- What the server's detector and persons saw in the pixels of an upload before it is approved.

-- The look at pixels follows the check of headers; the status is `checking` in both.
alter table upload add headers_checked_at timestamptz;
update upload set headers_checked_at = created_at where status not in ('receiving', 'checking');
-- What waits for a person now was never looked at.
do $$ begin
  if exists (select from upload where status = 'awaiting-qc') then
    perform graphile_worker.add_job('deidentification.look', json_build_object('uploadId', id),
                                    max_attempts := 3)
      from upload where status = 'awaiting-qc';
    update upload set status = 'checking' where status = 'awaiting-qc';
  end if;
end $$;

-- One series of an upload, when it has pixels in which text could be.
create table pixel_look (
  upload_id uuid not null references upload,
  series_instance_uid text not null,
  -- A person opens it before approval.
  must_be_seen boolean not null,
  frames int not null check (frames >= 1),
  planned_frames int not null default 0,
  looked_frames int not null default 0 check (looked_frames <= planned_frames),
  is_done boolean not null default false,
  seen_by uuid references person,
  seen_at timestamptz,
  primary key (upload_id, series_instance_uid),
  check ((seen_by is null) = (seen_at is null))
);

-- A file in which text was seen, or that could not be looked at.
create table pixel_finding (
  upload_id uuid not null,
  sha256 text not null,
  series_instance_uid text not null,
  kind text not null check (kind in ('text', 'not-looked')),
  code text check ((kind = 'not-looked') = (code is not null)),
  -- [{ frame, boxes }]: places, never what is written there.
  frames jsonb not null,
  decision text check (decision in ('clear', 'refuse')),
  decided_by uuid references person,
  decided_at timestamptz,
  primary key (upload_id, sha256),
  foreign key (upload_id, sha256) references upload_file,
  foreign key (upload_id, series_instance_uid) references pixel_look,
  check ((decision is null) = (decided_by is null) and (decision is null) = (decided_at is null))
);
create index pixel_finding_undecided on pixel_finding (upload_id) where decision is null;

-- Whatever the code above does: nothing is approved that a person has not decided or seen.
create function refuse_unseen_pixels() returns trigger language plpgsql as $$
begin
  if exists (select from pixel_finding where upload_id = new.id and decision is null)
     or exists (select from pixel_look where upload_id = new.id
                 and (not is_done or must_be_seen and seen_by is null
                      and exists (select from upload_file f
                                   where f.upload_id = new.id and f.status = 'clean'
                                     and f.instance->>'seriesInstanceUid' = series_instance_uid)))
  then
    raise exception 'pixels wait for a person' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger upload_approved_when_seen before update of status on upload
  for each row when (new.status = 'archiving' and old.status = 'awaiting-qc')
  execute function refuse_unseen_pixels();

-- A decision stands: what was refused is gone, and what was cleared was approved on its word.
create function refuse_second_decision() returns trigger language plpgsql as $$
begin
  if old.decision is not null then
    raise exception 'a decision stands' using errcode = 'restrict_violation';
  end if;
  return case tg_op when 'DELETE' then old else new end;
end $$;
create trigger pixel_finding_decided_once before update or delete on pixel_finding
  for each row execute function refuse_second_decision();

-- Down Migration
