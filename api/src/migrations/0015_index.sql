-- Up Migration
-- The frame index of files under way takes the form that the archive has: [offset, length] for each
-- frame instead of {"offset", "length"}. Frames of several fragments are [[offset, length], …] and
-- native ones off a byte's border [offset, length, bit, bits] from now on (api/src/platform/frame-index.ts).
update upload_file
   set instance = jsonb_set(instance, '{frames}', (
     select coalesce(jsonb_agg(jsonb_build_array(frame->'offset', frame->'length') order by number), '[]')
       from jsonb_array_elements(instance->'frames') with ordinality as each (frame, number)))
 where jsonb_typeof(instance #> '{frames,0}') = 'object';

comment on column instance.frames is
  '[[offset, length], …] of each frame within the blob; the other forms: api/src/platform/frame-index.ts';

-- Where each frame lies in the patient (Plane of api/src/archive/planes.ts), so that nobody reads whole
-- metadata to know a series; and what is odd about the geometry of the series (SeriesFinding of the
-- contract). Both null in what was archived before: read from the metadata when asked for.
alter table instance add planes jsonb;
alter table series add geometry jsonb;

-- Down Migration
