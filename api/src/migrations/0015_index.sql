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

-- Down Migration
