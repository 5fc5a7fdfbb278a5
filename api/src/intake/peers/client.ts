/**
 * Asks another DICOMweb server, one of those that the operator configured (PS3.18 10.4, 10.6). What it
 * answers is foreign: sizes and times are limited, redirects are not followed, and values are read by a
 * schema that knows only what is asked for.
 */
import { PandokError, type PeerStudy, Uid } from '@pandok/contract'
import { z } from 'zod'
import type { Peer } from '../../platform/env.ts'

const MAX_JSON_BYTES = 16 * 1024 * 1024
const JSON_TIMEOUT_MS = 30_000
const FILE_TIMEOUT_MS = 600_000
const MAX_VALUE = 200

/** The DICOM JSON Model (PS3.18 F.2), of which one text a tag is read. */
const DataSet = z.record(z.string(), z.object({ Value: z.array(z.unknown()).optional() }).loose())
const PersonName = z.object({ Alphabetic: z.string().optional() })

export interface PeerQuery {
  readonly patientId?: string | undefined
  readonly studyDate?: string | undefined
  readonly accessionNumber?: string | undefined
  readonly limit: number
  readonly offset: number
}

export interface PeerClient {
  readonly searchStudies: (query: PeerQuery) => Promise<PeerStudy[]>
  /** Of one study: series and SOP Instance UIDs. */
  readonly instancesOf: (
    study: string,
    maxInstances: number,
    signal: AbortSignal,
  ) => Promise<{ series: string; instance: string }[]>
  /** A multipart body of one part, in the transfer syntax that it is kept in. */
  readonly retrieve: (
    path: { study: string; series: string; instance: string },
    signal: AbortSignal,
  ) => Promise<{ contentType: string | undefined; body: AsyncIterable<Buffer> }>
}

export function createPeerClient(peer: Peer): PeerClient {
  const get = async (path: string, accept: string, signal: AbortSignal): Promise<Response> => {
    let answer: Response
    try {
      answer = await fetch(`${peer.url}${path}`, {
        headers: {
          accept,
          ...(peer.authorization === undefined ? {} : { authorization: peer.authorization }),
        },
        redirect: 'manual',
        signal,
      })
    } catch {
      throw new PandokError('PEER_FAILED', 'it cannot be reached')
    }
    if (answer.status === 200) return answer
    await answer.body?.cancel()
    if (answer.status === 404) throw new PandokError('NOT_FOUND')
    throw new PandokError('PEER_FAILED', `it answered with status ${answer.status}`)
  }

  const search = async (
    path: string,
    query: Readonly<Record<string, string | number | undefined>>,
    signal: AbortSignal,
  ): Promise<z.output<typeof DataSet>[]> => {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.append(name, String(value))
    }
    const within = AbortSignal.any([signal, AbortSignal.timeout(JSON_TIMEOUT_MS)])
    const answer = await get(`${path}?${parameters.toString()}`, 'application/dicom+json', within)
    const text = await limitedText(answer)
    try {
      return text === '' ? [] : z.array(DataSet).parse(JSON.parse(text))
    } catch {
      throw new PandokError('PEER_FAILED', 'its answer is not the DICOM JSON Model')
    }
  }

  return {
    searchStudies: async ({ patientId, studyDate, accessionNumber, limit, offset }) => {
      const rows = await search(
        '/studies',
        {
          PatientID: patientId,
          StudyDate: studyDate,
          AccessionNumber: accessionNumber,
          includefield: '00081030',
          limit,
          offset,
        },
        AbortSignal.timeout(JSON_TIMEOUT_MS),
      )
      // A peer may know no limit.
      return rows.slice(0, limit).flatMap((row): PeerStudy[] => {
        const uid = Uid.safeParse(textAt(row, '0020000D'))
        if (!uid.success) return []
        const count = Number(textAt(row, '00201208') || Number.NaN)
        return [
          {
            studyInstanceUid: uid.data,
            patientId: textAt(row, '00100020'),
            patientName: textAt(row, '00100010'),
            studyDate: textAt(row, '00080020'),
            studyDescription: textAt(row, '00081030'),
            modalities: textsAt(row, '00080061').slice(0, 20),
            instances: Number.isSafeInteger(count) && count >= 0 ? count : null,
          },
        ]
      })
    },

    instancesOf: async (study, maxInstances, signal) => {
      const found: { series: string; instance: string }[] = []
      for (const row of await search(`/studies/${study}/series`, {}, signal)) {
        const series = uidAt(row, '0020000E')
        const path = `/studies/${study}/series/${series}/instances`
        for (const each of await search(path, {}, signal)) {
          found.push({ series, instance: uidAt(each, '00080018') })
          if (found.length > maxInstances) {
            throw new PandokError('TOO_LARGE', `a study has at most ${maxInstances} instances`)
          }
        }
      }
      return found
    },

    retrieve: async ({ study, series, instance }, signal) => {
      const within = AbortSignal.any([signal, AbortSignal.timeout(FILE_TIMEOUT_MS)])
      const answer = await get(
        `/studies/${study}/series/${series}/instances/${instance}`,
        'multipart/related; type="application/dicom"; transfer-syntax=*',
        within,
      )
      return {
        contentType: answer.headers.get('content-type') ?? undefined,
        body: chunksOf(answer),
      }
    },
  }
}

async function* chunksOf(answer: Response): AsyncGenerator<Buffer> {
  const reader = answer.body?.getReader()
  if (reader === undefined) return
  try {
    for (;;) {
      const chunk = await reader.read().catch(() => undefined)
      if (chunk === undefined) throw new PandokError('PEER_FAILED', 'its answer broke off')
      if (chunk.done) return
      yield Buffer.from(chunk.value)
    }
  } finally {
    // Of one that is not read to its end: the connection goes too.
    await reader.cancel().catch(() => undefined)
  }
}

async function limitedText(answer: Response): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of chunksOf(answer)) {
    length += chunk.length
    if (length > MAX_JSON_BYTES) throw new PandokError('PEER_FAILED', 'its answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function textsAt(row: z.output<typeof DataSet>, tag: string): string[] {
  return (row[tag]?.Value ?? []).map((value) => {
    const name = PersonName.safeParse(value)
    const text = name.success ? (name.data.Alphabetic ?? '') : value
    return typeof text === 'string' || typeof text === 'number'
      ? String(text).slice(0, MAX_VALUE)
      : ''
  })
}

function textAt(row: z.output<typeof DataSet>, tag: string): string {
  return textsAt(row, tag)[0] ?? ''
}

/** It becomes part of an address: nothing but a UID gets there. */
function uidAt(row: z.output<typeof DataSet>, tag: string): string {
  const uid = Uid.safeParse(textAt(row, tag))
  if (!uid.success) throw new PandokError('PEER_FAILED', 'its answer lacks a UID')
  return uid.data
}
