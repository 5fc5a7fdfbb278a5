-- Up Migration
-- What DICOMweb searches by (PS3.18 tables 10.6.1-5 to -7) in columns of its own, counts that are
-- kept instead of counted, metadata of a series in one compressed piece, and what was transcoded.

-- Attributes of the levels of patient, study and series, out of an instance of each: what the
-- archive keeps of them from now on (STUDY_TAGS, SERIES_TAGS).
update study s set attributes = s.attributes || coalesce(
  (select jsonb_object_agg(key, value)
     from (select i.metadata from series se join instance i on i.series_id = se.id
            where se.study_id = s.id order by i.sop_instance_uid limit 1) one,
          jsonb_each(one.metadata)
    where key in ('00080005', '00080020', '00080030', '00080050', '00080090', '00080201', '00081030',
                  '00081032', '00081048', '00081060', '00081080', '00100010', '00100020', '00100021',
                  '00100030', '00100032', '00100040', '00101010', '00101020', '00101030', '00102160',
                  '00102180', '00104000', '00200010')), '{}');
update series se set attributes = se.attributes || coalesce(
  (select jsonb_object_agg(key, value)
     from (select i.metadata from instance i
            where i.series_id = se.id order by i.sop_instance_uid limit 1) one,
          jsonb_each(one.metadata)
    where key in ('00080005', '00080021', '00080031', '00080060', '00080064', '00080070', '00080201',
                  '0008103E', '00081040', '00081090', '00180015', '00181030', '00185100', '00200011',
                  '00200052', '00200060', '00400244', '00400245', '00400253', '00400254',
                  '00400275')), '{}');

-- Images archived before pixel data had an address in their metadata.
update instance set metadata = metadata || jsonb_build_object('7FE00010', jsonb_build_object(
    'vr', case when transfer_syntax_uid like '1.2.840.10008.1.2.4.%'
                 or transfer_syntax_uid = '1.2.840.10008.1.2.5' then 'OB' else 'OW' end,
    'BulkDataURI', '7FE00010'))
 where jsonb_array_length(frames) > 0 and not metadata ? '7FE00010';

alter table study
  add study_date text generated always as (attributes #>> '{00080020,Value,0}') stored,
  -- hhmmss and six digits of a second, so that times of any precision compare as text.
  add study_time text generated always as
    (rpad(replace(attributes #>> '{00080030,Value,0}', '.', ''), 12, '0')) stored,
  add accession_number text generated always as (attributes #>> '{00080050,Value,0}') stored,
  add patient_id text generated always as (attributes #>> '{00100020,Value,0}') stored,
  -- Names are matched whatever their case, by component group; empty components at the end are none.
  add patient_name text generated always as
    (rtrim(lower(attributes #>> '{00100010,Value,0,Alphabetic}'), '^')) stored,
  add patient_name_ideographic text generated always as
    (rtrim(lower(attributes #>> '{00100010,Value,0,Ideographic}'), '^')) stored,
  add patient_name_phonetic text generated always as
    (rtrim(lower(attributes #>> '{00100010,Value,0,Phonetic}'), '^')) stored,
  -- Of its series and instances; null as long as nobody has counted them.
  add modalities text[],
  add series_count int,
  add instance_count int;
create index study_in_order on study (created_at, id);
create index study_by_project_in_order on study (project_id, created_at, id);
create index study_by_date on study (study_date);
create index study_by_patient on study (patient_id text_pattern_ops);
create index study_by_patient_name on study (patient_name text_pattern_ops);
create index study_by_patient_name_ideographic
  on study (patient_name_ideographic text_pattern_ops) where patient_name_ideographic is not null;
create index study_by_patient_name_phonetic
  on study (patient_name_phonetic text_pattern_ops) where patient_name_phonetic is not null;
create index study_by_accession on study (accession_number text_pattern_ops);

alter table series add instance_count int;
create index instance_in_series_order on instance (series_id, sop_instance_uid);
drop index instance_by_series;

-- Called in the transaction that adds instances: whoever adds to the same study at once waits here,
-- and then counts what both added.
create function count_study(counted uuid) returns void language plpgsql as $$
begin
  perform from study where id = counted for update;
  update series se set instance_count = c.instances
    from (select one.id, (select count(*) from instance i where i.series_id = one.id) as instances
            from series one where one.study_id = counted) c
   where se.id = c.id and se.instance_count is distinct from c.instances;
  update study set modalities = c.modalities, series_count = c.series, instance_count = c.instances
    from (select coalesce(array_agg(distinct modality order by modality), '{}') as modalities,
                 count(*) as series, coalesce(sum(instance_count), 0) as instances
            from series where study_id = counted) c
   where id = counted;
end $$;
select count_study(id) from study;

-- A local date and time (hhmmss and six digits) as it is `minutes` east of UTC: yyyymmddhhmmssffffff.
-- Where its own offset is not known, or it is no moment, it stays as it is.
create function moment_in_zone(day text, moment text, zone text, minutes int) returns text
language plpgsql immutable as $$
declare
  own int;
begin
  if day !~ '^\d{8}$' or moment !~ '^\d{12}$' or zone !~ '^[+-]\d{4}$' then
    return day || coalesce(moment, '');
  end if;
  own := (substr(zone, 1, 1) || '1')::int * (substr(zone, 2, 2)::int * 60 + substr(zone, 4, 2)::int);
  return to_char(
    make_timestamp(left(day, 4)::int, substr(day, 5, 2)::int, right(day, 2)::int,
                   left(moment, 2)::int, substr(moment, 3, 2)::int,
                   (substr(moment, 5, 2) || '.' || right(moment, 6))::float8)
      + make_interval(mins => minutes - own),
    'YYYYMMDDHH24MISSUS');
exception when datetime_field_overflow or invalid_datetime_format then
  return day || moment;
end $$;

-- The metadata of a series as it is sent: gzip of the JSON array. Valid as long as the series has
-- `instance_count` instances (they never change, and are only added) and the address is the same.
create table series_metadata (
  series_id uuid primary key references series on delete cascade,
  instance_count int not null,
  base text not null,
  etag text not null,
  gzip bytea not null
);
-- It is compressed already.
alter table series_metadata alter column gzip set storage external;

-- Other forms of an archived blob in the area `derived`, such as another transfer syntax. May be
-- emptied at any time.
create table derived_blob (
  source_sha256 text not null check (source_sha256 ~ '^[0-9a-f]{64}$'),
  form text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  byte_count bigint not null,
  -- As of instance.frames; null where it is no file of frames.
  frames jsonb,
  created_at timestamptz not null default now(),
  primary key (source_sha256, form)
);

-- Whoever remembers roles forgets them as soon as they change.
create function tell_of_membership() returns trigger language plpgsql as $$
begin
  notify membership_changed;
  return null;
end $$;
create trigger membership_tells after insert or update or delete or truncate on membership
  for each statement execute function tell_of_membership();

-- Down Migration
