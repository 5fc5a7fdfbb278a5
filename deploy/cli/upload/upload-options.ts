/** What `pandok upload` is asked to do: its options, read and judged. */
import { existsSync } from 'node:fs'
import { availableParallelism, homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ProjectKey } from '@pandok/contract'
import { type Credentials, readCredentials } from './credentials.ts'
import { UploadError } from './upload-error.ts'

export const HELP = `pandok upload IN… --project P
  [--server URL]          (PANDOK_URL, or the one that the credentials name)
  [--credentials FILE]    a client of the identity provider; .pandok/demo.json is one
  [--as USERNAME]         which client of a file that has several (the first data manager's)
  [--resume]              goes on with an upload that was interrupted
  [--discard]             gives an interrupted upload up, and begins anew
  [--keep-open]           more will be added: the upload is not closed at the end
  [--jobs N] [--lanes N]  processes that de-identify, files that are sent at once (6)
  [--state DIR]           where an upload under way is noted (~/.pandok/uploads)
IN: files, folders, zips, DICOMDIRs. They are de-identified here, with the project's profile and key;
nothing else leaves this machine. What needs a person's eyes (burned-in text) is left out with its
code: bring it through the browser.
Credentials from the environment: PANDOK_TOKEN_URL, PANDOK_CLIENT_ID, PANDOK_CLIENT_SECRET.
Exit: 0 all sent, 1 some left out, 2 usage or environment.
`

export interface UploadOptions {
  readonly inputs: readonly string[]
  readonly projectKey: string
  readonly server: string
  readonly credentials: Credentials
  readonly isResumed: boolean
  readonly isRestarted: boolean
  readonly isKeptOpen: boolean
  readonly jobs: number
  readonly lanes: number
  readonly stateFolder: string
}

export function readUploadOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): UploadOptions {
  const { values, positionals } = parsed(args)
  if (positionals.length === 0) throw new UploadError('there is nothing to read; see --help')
  const projectKey = ProjectKey.safeParse(values.project)
  if (!projectKey.success) throw new UploadError('--project is missing or no key; see --help')
  const credentials = readCredentials(values.credentials, values.as, env)
  const server = values.server ?? env['PANDOK_URL'] ?? credentials.url
  if (server === undefined || URL.parse(server) === null) {
    throw new UploadError('--server: the address of Pandok, such as https://pandok.example.org')
  }
  const inputs = positionals.map((input) => resolve(input))
  inputs.forEach((input, at) => {
    if (!existsSync(input)) throw new UploadError(`input ${at + 1} does not exist`)
  })
  return {
    inputs,
    projectKey: projectKey.data,
    server: server.replace(/\/+$/, ''),
    credentials,
    isResumed: values.resume,
    isRestarted: values.discard,
    isKeptOpen: values['keep-open'],
    jobs: count('jobs', values.jobs, Math.min(availableParallelism(), 8)),
    lanes: count('lanes', values.lanes, 6),
    stateFolder: resolve(values.state ?? join(homedir(), '.pandok', 'uploads')),
  }
}

function count(name: string, value: string | undefined, fallback: number): number {
  const number = Number(value ?? fallback)
  if (!(Number.isInteger(number) && number >= 1 && number <= 64)) {
    throw new UploadError(`--${name}: 1 to 64`)
  }
  return number
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        project: { type: 'string' },
        server: { type: 'string' },
        credentials: { type: 'string' },
        as: { type: 'string' },
        resume: { type: 'boolean', default: false },
        discard: { type: 'boolean', default: false },
        'keep-open': { type: 'boolean', default: false },
        jobs: { type: 'string' },
        lanes: { type: 'string' },
        state: { type: 'string' },
      },
    })
  } catch {
    throw new UploadError('an option is not known or lacks its value; see --help')
  }
}
