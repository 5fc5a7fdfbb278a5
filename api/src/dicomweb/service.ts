/** QIDO-RS and WADO-RS over the archive (PS3.18 chapter 10). */
import { createHash } from 'node:crypto'
import { PandokError } from '@pandok/contract'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database } from '../platform/database.ts'
import { readFrame } from '../platform/frame-index.ts'
import type { BytesAnswer } from '../platform/http/handler.ts'
import { readDateRange, readMatching } from './matching.ts'
import { frameType, multipart, negotiate } from './media.ts'
import * as store from './store.ts'

const JSON_TYPE = 'application/dicom+json'
/** Pixels of an instance never change; only the asker may keep them. */
const KEEP = 'private, max-age=31536000, immutable'

export interface Conditions {
  readonly accept: string | undefined
  readonly ifNoneMatch: string | undefined
}

export function createDicomwebService({ db, blobs }: { db: Database; blobs: BlobStore }) {
  return {
    projectOfStudy: (study: string) => store.projectOfStudy(db, study),

    searchStudies: async (personId: string, query: Readonly<Record<string, unknown>>) => {
      const matching = readMatching(query, [
        'StudyInstanceUID',
        'PatientID',
        'StudyDate',
        'ModalitiesInStudy',
      ])
      const body = await store.findStudies(db, personId, {
        ...matching,
        studyInstanceUid: matching.get('StudyInstanceUID'),
        patientId: matching.get('PatientID'),
        modality: matching.get('ModalitiesInStudy'),
        ...readDateRange(matching.get('StudyDate')),
      })
      return json(body)
    },

    searchSeries: async (study: string, query: Readonly<Record<string, unknown>>) => {
      const matching = readMatching(query, ['SeriesInstanceUID', 'Modality'])
      const body = await store.findSeries(db, study, {
        ...matching,
        seriesInstanceUid: matching.get('SeriesInstanceUID'),
        modality: matching.get('Modality'),
      })
      return json(body)
    },

    searchInstances: async (
      path: { study: string; series: string },
      query: Readonly<Record<string, unknown>>,
    ) => {
      const matching = readMatching(query, ['SOPInstanceUID'])
      const body = await store.findInstances(db, path, {
        ...matching,
        sopInstanceUid: matching.get('SOPInstanceUID'),
      })
      return json(body)
    },

    seriesMetadata: async (
      path: { study: string; series: string },
      conditions: Conditions,
    ): Promise<BytesAnswer> => {
      const found = await store.seriesMetadata(db, path.study, path.series)
      if (found.count === 0) throw new PandokError('NOT_FOUND')
      return withEtag(json(found.json), hashOf(found.json), conditions)
    },

    instanceMetadata: async (
      path: store.InstancePath,
      conditions: Conditions,
    ): Promise<BytesAnswer> => {
      const { metadata, sha256 } = await instanceAt(path)
      return withEtag(json(metadata), `${sha256}-metadata`, conditions)
    },

    instance: async (path: store.InstancePath, conditions: Conditions): Promise<BytesAnswer> => {
      const found = await instanceAt(path)
      const { isMultipart } = negotiate(conditions.accept, 'application/dicom')
      const bytes = await blobs.read('archive', found.sha256)
      const parameters = `; transfer-syntax=${found.transfer_syntax_uid}`
      const answer = isMultipart
        ? multipart('application/dicom', [bytes], parameters)
        : { type: 'application/dicom', body: bytes }
      return withEtag(answer, `${found.sha256}-${isMultipart ? 'm' : 's'}`, conditions)
    },

    /** `frames` numbered from 1. */
    frames: async (
      path: store.InstancePath,
      frames: readonly number[],
      conditions: Conditions,
    ): Promise<BytesAnswer> => {
      const found = await instanceAt(path)
      const type = frameType(found.transfer_syntax_uid)
      const { isMultipart } = negotiate(conditions.accept, type)
      if (!isMultipart && frames.length > 1) throw new PandokError('NOT_ACCEPTABLE')
      const parts = await Promise.all(
        frames.map(async (frame) => {
          const bytes = await readFrame(blobs, 'archive', found, frame)
          if (bytes === undefined) throw new PandokError('NOT_FOUND')
          return bytes
        }),
      )
      const parameters = `; transfer-syntax=${found.transfer_syntax_uid}`
      const [only] = parts
      const answer =
        isMultipart || only === undefined
          ? multipart(type, parts, parameters)
          : { type: type + parameters, body: only }
      const tag = `${found.sha256}-${isMultipart ? 'm' : 's'}${frames.join('.')}`
      return withEtag(answer, tag, conditions)
    },
  }

  async function instanceAt(path: store.InstancePath) {
    const found = await store.instanceAt(db, path)
    if (found === undefined) throw new PandokError('NOT_FOUND')
    return found
  }
}

export type DicomwebService = ReturnType<typeof createDicomwebService>

function json(body: string): BytesAnswer {
  return { type: JSON_TYPE, body, headers: { 'cache-control': 'private, no-cache' } }
}

function withEtag(answer: BytesAnswer, tag: string, conditions: Conditions): BytesAnswer {
  const etag = `"${tag}"`
  const cache = answer.type === JSON_TYPE ? 'private, no-cache' : KEEP
  const headers = { etag, 'cache-control': cache, vary: 'accept, authorization' }
  const isKnown = conditions.ifNoneMatch?.split(',').some((each) => each.trim() === etag) ?? false
  if (isKnown) return { type: answer.type, body: '', status: 304, headers }
  return { ...answer, headers }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
