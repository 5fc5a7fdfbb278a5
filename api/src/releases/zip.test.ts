import { expect, test } from 'vitest'
import { createReleaseZip } from './zip.ts'

test.each([
  ['up', '../a'],
  ['absolute', '/a'],
  ['empty part', 'a//b'],
  ['backslash', 'a\\b'],
  ['the manifest', 'manifest.json'],
  ['twice', 'There.txt'],
])('a name that is refused: %s', async (_name, path) => {
  const zip = createReleaseZip()
  zip.output.resume()
  await zip.add('there.txt', new Uint8Array(3))
  await expect(zip.add(path, new Uint8Array(3))).rejects.toMatchObject({ code: 'RELEASE_PATH' })
})

test('files wait until somebody reads', async () => {
  const zip = createReleaseZip()
  // Noise, so that it stays large when deflated.
  const bytes = new Uint8Array(4 << 20)
  for (let at = 0, state = 1; at < bytes.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  let done = 0
  const filling = (async () => {
    for (let file = 0; file < 4; file++) {
      await zip.add(`file-${file}.dcm`, bytes)
      done++
    }
  })()
  // As full as it gets without a reader: nothing moves from here on.
  const { readableHighWaterMark } = zip.output
  await expect.poll(() => zip.output.readableLength).toBeGreaterThanOrEqual(readableHighWaterMark)
  expect(done).toBeLessThanOrEqual(1)
  zip.output.resume()
  await filling
  expect(done).toBe(4)
})

test.each(['a.dcm', 'a.nii.gz'])('%s: who adds learns that nobody reads any more', async (name) => {
  const zip = createReleaseZip()
  const bytes = crypto.getRandomValues(new Uint8Array(65_536))
  const large = new Uint8Array(4 << 20)
  for (let at = 0; at < large.length; at += bytes.length) large.set(bytes, at)
  const adding = zip.add(name, large)
  setTimeout(() => zip.output.destroy(), 20)
  await expect(adding).rejects.toMatchObject({ code: 'RELEASE_ABANDONED' })
  await expect(zip.add('b.dcm', bytes)).rejects.toMatchObject({ code: 'RELEASE_ABANDONED' })
})
