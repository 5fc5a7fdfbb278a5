/**
 * The manifests against the types and schemas of Kubernetes and KEDA (packages that hold them), and
 * against what the processes really are: their commands, settings, ports and probes.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { NODE_FLAGS } from '../local/installation.ts'

const FOLDER = import.meta.dirname
const ROOT = join(FOLDER, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** Module and type of each kind. */
const KINDS: Readonly<Record<string, string>> = {
  'v1 Namespace': 'kubernetes-models/v1',
  'v1 ConfigMap': 'kubernetes-models/v1',
  'v1 ServiceAccount': 'kubernetes-models/v1',
  'v1 Service': 'kubernetes-models/v1',
  'apps/v1 Deployment': 'kubernetes-models/apps/v1',
  'batch/v1 Job': 'kubernetes-models/batch/v1',
  'autoscaling/v2 HorizontalPodAutoscaler': 'kubernetes-models/autoscaling/v2',
  'policy/v1 PodDisruptionBudget': 'kubernetes-models/policy/v1',
  'networking.k8s.io/v1 NetworkPolicy': 'kubernetes-models/networking.k8s.io/v1',
  'networking.k8s.io/v1 Ingress': 'kubernetes-models/networking.k8s.io/v1',
  'keda.sh/v1alpha1 ScaledObject': '@kubernetes-models/keda/keda.sh/v1alpha1',
  'keda.sh/v1alpha1 TriggerAuthentication': '@kubernetes-models/keda/keda.sh/v1alpha1',
}

const Labels = z.record(z.string(), z.string())
const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ memory: z.string() }),
  }),
  securityContext: z.object({
    allowPrivilegeEscalation: z.literal(false),
    capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
    readOnlyRootFilesystem: z.literal(true),
  }),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
})
const Pod = z.object({
  metadata: z.object({ labels: Labels }),
  spec: z.looseObject({
    serviceAccountName: z.literal('pandok'),
    automountServiceAccountToken: z.literal(false),
    securityContext: z.looseObject({
      runAsNonRoot: z.literal(true),
      runAsUser: z.number().min(1000),
      seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
    }),
    containers: z.tuple([Container]),
    volumes: z.array(z.looseObject({ name: z.string() })),
  }),
})
const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({}).optional(),
})
type Manifest = z.output<typeof Manifest>

const { resources } = z
  .looseObject({ resources: z.array(z.string()) })
  .parse(parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8')))
const manifests: Manifest[] = resources.flatMap((name) =>
  parseAllDocuments(readFileSync(join(FOLDER, name), 'utf8')).map((document) => {
    expect(document.errors).toEqual([])
    return Manifest.parse(document.toJS())
  }),
)
const named = manifests.map((manifest) => ({
  what: `${manifest.kind} ${manifest.metadata.name}`,
  manifest,
}))
const pods = named.flatMap(({ what, manifest }) =>
  manifest.kind === 'Deployment' || manifest.kind === 'Job'
    ? [{ what, pod: Pod.parse(manifest.spec?.['template']) }]
    : [],
)

/** Manifests as literals of their types: TypeScript knows every field that is none. */
function diagnosticsOf(all: readonly Manifest[]): string[] {
  const path = join(FOLDER, 'manifests.as-types.ts')
  const source = all
    .map((manifest, at) => {
      const from = KINDS[`${manifest.apiVersion} ${manifest.kind}`]
      if (from === undefined)
        return `export const kind${at}: never = ${JSON.stringify(manifest.kind)}`
      const type = `import('${from}').I${manifest.kind}`
      return `export const manifest${at}: ${type} = ${JSON.stringify(manifest)}`
    })
    .join('\n')
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2024,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const disk = ts.createCompilerHost(options)
  host.fileExists = (name) => name === path || disk.fileExists(name)
  host.getSourceFile = (name, version, ...rest) =>
    name === path
      ? ts.createSourceFile(name, source, version)
      : disk.getSourceFile(name, version, ...rest)
  return ts
    .getPreEmitDiagnostics(ts.createProgram([path], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

describe('schemas', () => {
  test('every field is one of its kind and of its type', () => {
    expect(diagnosticsOf(manifests)).toEqual([])
  })

  test('what is wrong is found: a field that there is not, a text for a number, one that is missing', () => {
    const deployment = manifests.find(({ kind }) => kind === 'Deployment')
    const { selector: _selector, ...rest } = deployment?.spec ?? {}
    const broken = [
      { ...deployment, spec: { ...deployment?.spec, replica: 2 } },
      { ...deployment, spec: { ...deployment?.spec, replicas: 'two' } },
      { ...deployment, spec: rest },
    ]
    const said = diagnosticsOf(broken.map((each) => Manifest.parse(each)))
    expect(said).toHaveLength(3)
    for (const [at, word] of ['replica', 'string', 'selector'].entries()) {
      expect(said[at]).toContain(word)
    }
  })

  test.each(named)('$what: values are of their formats', async ({ manifest }) => {
    const module: unknown = await import(KINDS[`${manifest.apiVersion} ${manifest.kind}`] ?? '')
    const models = z.record(z.string(), z.unknown()).parse(module)
    const Model = models[manifest.kind] as new (data: unknown) => { validate: () => void }
    expect(() => {
      new Model(manifest).validate()
    }).not.toThrow()
  })
})

describe('what they say of the processes', () => {
  test('each process has its pods', () => {
    const commands = pods.flatMap(({ pod }) => pod.spec.containers[0].args)
    expect(commands.sort()).toEqual(['dimse', 'http', 'migrate', 'worker'])
    const known = [...read('api/src/main.ts').matchAll(/case '(\w+)':/g)].map(([, name]) => name)
    expect(known).toEqual(expect.arrayContaining(commands))
  })

  test('the image starts them with the flags that the launcher gives', () => {
    const [, entry = '[]'] = /^ENTRYPOINT (.*)$/m.exec(read('deploy/Dockerfile')) ?? []
    expect(JSON.parse(entry)).toEqual(['node', ...NODE_FLAGS, 'api/src/main.ts'])
  })

  test.each(pods)('$what: every setting is one that is read, secrets by reference', ({ pod }) => {
    const [container] = pod.spec.containers
    const settings = manifests.find(({ kind }) => kind === 'ConfigMap')?.['data'] ?? {}
    const names = [...container.env.map(({ name }) => name), ...Object.keys(settings)]
    const known = read('api/src/platform/env.ts')
    const unknown = names.filter((name) => !known.includes(name))
    expect(unknown).toEqual([])
    const literal = container.env.filter(({ value }) => value !== undefined).map(({ name }) => name)
    expect(literal.filter((name) => !/^(DICOM_|LOCAL_COPIES_DIR$)/.test(name))).toEqual([])
    const secrets = read('deploy/kubernetes/README.md')
    for (const [, name] of JSON.stringify(pod).matchAll(
      /"(?:secretName|name)":"(pandok-[a-z0-9-]+)"/g,
    )) {
      if (name !== 'pandok-settings') expect(secrets).toContain(`\`${name ?? ''}\``)
    }
  })

  test('the owner of the tables is known to migrate alone', () => {
    const who = pods.filter(({ pod }) => JSON.stringify(pod).includes('DATABASE_OWNER_URL'))
    expect(who.map(({ what }) => what)).toEqual(['Job pandok-migrate'])
  })

  test.each(pods)('$what: /tmp and copies in memory are the only places to write', ({ pod }) => {
    const [container] = pod.spec.containers
    const writable = container.volumeMounts.filter((mount) => mount['readOnly'] !== true)
    const places = writable.map(({ mountPath }) => mountPath)
    expect(places.filter((place) => place !== '/run/pandok')).toEqual(['/tmp'])
    const copies = pod.spec.volumes.find(({ name }) => name === 'copies')?.['emptyDir']
    if (copies !== undefined) expect(copies).toMatchObject({ medium: 'Memory' })
    const volumes = pod.spec.volumes.map(({ name }) => name)
    expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(volumes.sort())
  })

  test('selectors find the pods they mean, and no others', () => {
    const Selector = z.object({ matchLabels: Labels })
    const found = named.flatMap(({ what, manifest: { kind, spec } }) => {
      const selector =
        kind === 'Service'
          ? Labels.parse(spec?.['selector'])
          : ['Deployment', 'PodDisruptionBudget'].includes(kind)
            ? Selector.parse(spec?.['selector']).matchLabels
            : undefined
      if (selector === undefined) return []
      const chosen = pods.filter(({ pod }) =>
        Object.entries(selector).every(([key, value]) => pod.metadata.labels[key] === value),
      )
      return [[what, chosen.map((each) => each.what)]]
    })
    for (const [what, chosen] of found) {
      const name = String(what).split(' ').at(-1) ?? ''
      expect([what, chosen]).toEqual([what, [`Deployment ${name}`]])
    }
    expect(found).toHaveLength(8)
  })

  test('ports and probes are where the processes listen', () => {
    const ports = pods.flatMap(({ pod }) => pod.spec.containers[0].ports)
    expect(ports).toEqual([
      { name: 'http', containerPort: 8042 },
      { name: 'dicom', containerPort: 11112 },
    ])
    expect(read('api/contract/src/operations/system.ts')).toContain("path: '/api/health'")
  })
})
