/**
 * A DICOMweb server that gives one study (QIDO-RS, WADO-RS) as far as a test lets it: then it holds,
 * breaks off in the middle of a file, or leads elsewhere. What no well-meant server does.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Trouble =
  | { readonly kind: 'hold' }
  | { readonly kind: 'break' }
  | { readonly kind: 'redirect'; readonly to: string }

export interface StagedPeer {
  readonly url: string
  readonly studyInstanceUid: string
  /** Numbers of the instances that were asked for, from 0. */
  readonly asked: readonly number[]
  /** From the instance of this number on (-1: a search already); undefined: it serves well. */
  readonly trouble: (from: number, what: Trouble | undefined) => void
  readonly stop: () => Promise<void>
}

const STUDY = '1.2.826.0.1.3680043.99.7'
const SERIES = `${STUDY}.1`
const BOUNDARY = 'part'

export async function startStagedPeer(files: readonly Uint8Array[]): Promise<StagedPeer> {
  const asked: number[] = []
  let stage: { from: number; what: Trouble | undefined } = { from: 0, what: undefined }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://peer')
    const path = pathname.replace('/dicom-web', '')
    const series = `/studies/${STUDY}/series`
    const number = Number(path.split(`${SERIES}.`)[1] ?? Number.NaN)
    const bytes = files[number]
    const { from, what } = stage
    if (from < 0 && what?.kind === 'redirect') {
      response.writeHead(302, { location: what.to }).end()
    } else if (path === '/studies') {
      json(response, [
        {
          '0020000D': text('UI', STUDY),
          '00100020': text('LO', 'HOSPITAL-1'),
          '00100010': { vr: 'PN', Value: [{ Alphabetic: 'HONG^GILDONG' }] },
          '00080020': text('DA', '20240102'),
          '00080061': text('CS', 'CT'),
          '00201208': { vr: 'IS', Value: [files.length] },
        },
      ])
    } else if (path === series) json(response, [{ '0020000E': text('UI', SERIES) }])
    else if (path === `${series}/${SERIES}/instances`) {
      json(
        response,
        files.map((_, at) => ({ '00080018': text('UI', `${SERIES}.${at}`) })),
      )
    } else if (bytes === undefined) response.writeHead(404).end()
    else {
      asked.push(number)
      const trouble = number >= from ? what : undefined
      if (trouble === undefined) sendFile(response, bytes)
      else if (trouble.kind === 'redirect') response.writeHead(302, { location: trouble.to }).end()
      else if (trouble.kind === 'break') {
        response.writeHead(200, { 'content-type': MULTIPART })
        response.write(`--${BOUNDARY}\r\ncontent-type: application/dicom\r\n\r\n`)
        response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy())
      }
    }
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicom-web`,
    studyInstanceUid: STUDY,
    asked,
    trouble: (from, what) => {
      stage = { from, what }
    },
    stop: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

const MULTIPART = `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`
const text = (vr: string, value: string) => ({ vr, Value: [value] })

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify(body))
}

function sendFile(response: ServerResponse, bytes: Uint8Array): void {
  response.writeHead(200, { 'content-type': MULTIPART })
  response.write(`--${BOUNDARY}\r\ncontent-type: application/dicom\r\n\r\n`)
  response.write(bytes)
  response.end(`\r\n--${BOUNDARY}--\r\n`)
}
