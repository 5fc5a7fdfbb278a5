/**
 * Makes each killer, de-identifies it, and says in a line of JSON how that ended and what it cost: time
 * of the processor in ms, and the most memory that this process ever had.
 */
import { DeidError, DicomError, deidentify, loadProfile, openVault } from '@pandok/anonymizer'
import { KILLERS } from './killers.ts'

const research = loadProfile('research-longitudinal')
const profile = loadProfile(
  `name: all-kinds\nversion: 1\noptions: [${[...research.options].join(', ')}]\n` +
    'pixels: { unseen: keep }\n',
)
const vault = openVault(new Uint8Array(32).fill(2), { prefix: 'LC', digits: 5 })

for (const [name, make] of Object.entries(KILLERS)) {
  const bytes = make()
  globalThis.gc?.()
  const start = process.cpuUsage()
  const verdict = verdictOf(bytes)
  const { user, system } = process.cpuUsage(start)
  const ms = Math.round((user + system) / 1_000)
  const rssMib = Math.round(process.resourceUsage().maxRSS / 1024)
  process.stdout.write(`${JSON.stringify({ name, verdict, ms, rssMib })}\n`)
}

function verdictOf(bytes: Uint8Array): string {
  try {
    deidentify(bytes, { profile, vault })
    return 'ok'
  } catch (error) {
    if (error instanceof DicomError || error instanceof DeidError) return error.code
    return `no code: ${error instanceof Error ? error.name : ''}`
  }
}
