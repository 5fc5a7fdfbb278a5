/**
 * From the hospital's folder to the archive: files that the anonymizer has cleaned are received,
 * checked again by the server, approved by a person (QC), and only then archived.
 */
import { z } from 'zod'
import { bytes, operation } from '../operation.ts'
import { CountByName, Id, IsoDateTime, ProjectKey, Sha256, Uid } from '../primitives.ts'
import { Person } from './people.ts'

const none = z.object({})
const project = z.object({ projectKey: ProjectKey })
const upload = z.object({ uploadId: Id })

export const UploadStatus = z.enum([
  'receiving',
  'checking',
  'awaiting-qc',
  'archiving',
  'archived',
  'rejected',
  'failed',
  /** Given up by a person while it was receiving; its bytes are gone. */
  'discarded',
])
export type UploadStatus = z.infer<typeof UploadStatus>

/** How the files came: from a data manager's browser or command, or from another system. */
export const UploadSource = z.enum(['browser', 'command', 'stow', 'dimse', 'peer'])
export type UploadSource = z.infer<typeof UploadSource>

/** What the de-identification did, summed over files; a path such as 00400275[*].00400007. */
export const DeidReportRow = z.object({
  path: z.string().max(400),
  keyword: z.string().max(120),
  /** The code of PS3.15 table E.1-1 as written, such as X/Z/D. */
  rule: z.string().max(40),
  /** The action taken, resolved: D Z X K C U. */
  action: z.string().max(40),
  count: z.number().int().positive(),
})
export type DeidReportRow = z.infer<typeof DeidReportRow>

export const DeidReport = z.object({
  profile: z.string().max(80),
  files: z.number().int().nonnegative(),
  rows: z.array(DeidReportRow).max(5000),
  /** Files the browser left out, by reason. Never their names: a name may hold an identifier. */
  leftOut: CountByName,
})
export type DeidReport = z.infer<typeof DeidReport>

/**
 * Whom a pseudonym stands for, as the sender's de-identification knows it: a keyed digest of the
 * patient ID, which says nothing without the key.
 */
export const SubjectClaim = z.object({
  pseudonym: z.string().min(1).max(64),
  subjectDigest: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 digits of lower-case hex'),
})
export type SubjectClaim = z.infer<typeof SubjectClaim>

export const Finding = z.object({
  path: z.string(),
  keyword: z.string(),
  rule: z.string(),
  code: z.string(),
})

export const Upload = z.object({
  id: Id,
  projectKey: ProjectKey,
  status: UploadStatus,
  createdAt: IsoDateTime,
  /** Of another system: whose account sends, or who let the machine in. */
  createdBy: Person,
  source: UploadSource,
  /** The server de-identifies; otherwise the sender did. */
  isIdentified: z.boolean(),
  /** An AE title, a user name or the key of a peer; null where a person sends. */
  sender: z.string().nullable(),
  files: z.object({
    received: z.number().int(),
    checked: z.number().int(),
    clean: z.number().int(),
    /** Clean, but the archive has other bytes under the same SOP Instance UID: a person decides. */
    conflicts: z.number().int(),
    refused: z.number().int(),
    archived: z.number().int(),
    bytes: z.number(),
  }),
  failureCode: z.string().nullable(),
})
export type Upload = z.infer<typeof Upload>

/** What the server's own detector and a person saw in the pixels of one series. */
export const SeriesPixels = z.object({
  /** Frames that the detector looked at, of those in the series. */
  looked: z.object({ frames: z.number().int(), of: z.number().int() }),
  /**
   * A person looks at it before approval, always: US, SC, and what is not declared free of text. At
   * which frames: framesToSee.
   */
  mustBeSeen: z.boolean(),
  /**
   * The person who asks, once they have opened it for this upload: whoever approves must have.
   * Looks of others are in the audit trail.
   */
  seenBy: Person.nullable(),
  seenAt: IsoDateTime.nullable(),
  /** Files with text found, or that could not be looked at; `undecided` holds approval up. */
  findings: z.object({ files: z.number().int(), undecided: z.number().int() }),
})
export type SeriesPixels = z.infer<typeof SeriesPixels>

export const UploadDetail = Upload.extend({
  report: DeidReport.nullable(),
  /** The versions that were in force when the upload began. */
  profileVersion: z.number().int().positive(),
  profileLabel: z.string(),
  keyVersion: z.number().int().positive(),
  /**
   * The look at pixels follows the check of headers, while the status is still `checking`. Null
   * before it is known how many frames that will be; it may grow when text is found.
   */
  look: z.object({ frames: z.number().int(), of: z.number().int() }).nullable(),
  studies: z.array(
    z.object({
      studyInstanceUid: Uid,
      pseudonym: z.string(),
      series: z.array(
        z.object({
          seriesInstanceUid: Uid,
          modality: z.string(),
          instances: z.number().int(),
          pixels: SeriesPixels,
        }),
      ),
    }),
  ),
  refusals: z.array(z.object({ sha256: Sha256, code: z.string(), findings: z.array(Finding) })),
  /** Nothing of the archive is ever overwritten; approval waits until each is left out. */
  conflicts: z.array(
    z.object({
      sha256: Sha256,
      archivedSha256: Sha256,
      seriesInstanceUid: Uid,
      sopInstanceUid: Uid,
    }),
  ),
  caseIds: z.array(Id),
})
export type UploadDetail = z.infer<typeof UploadDetail>

export const createUpload = operation({
  method: 'POST',
  path: '/api/projects/:projectKey/uploads',
  summary: 'Open an upload',
  tag: 'uploads',
  access: { kind: 'project', scope: 'project', roles: ['data-manager'] },
  params: project,
  query: none,
  body: z.object({
    /** As getDeidentificationKey gave them; those in force are taken when left out. */
    profileVersion: z.number().int().positive().optional(),
    keyVersion: z.number().int().positive().optional(),
  }),
  output: Upload,
  errors: ['DEIDENTIFICATION_CHANGED'],
  audit: 'service',
})

export const putUploadFile = operation({
  method: 'PUT',
  path: '/api/uploads/:uploadId/files/:sha256',
  summary:
    'Send one de-identified DICOM file; its address is its hash, so sending twice is harmless',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: upload.extend({ sha256: Sha256 }),
  query: none,
  body: bytes('application/dicom'),
  output: z.object({ sha256: Sha256, bytes: z.number().int() }),
  errors: ['UPLOAD_CLOSED', 'HASH_MISMATCH', 'TOO_LARGE', 'STORAGE_FULL', 'UNSUPPORTED_MEDIA_TYPE'],
  audit: 'service',
})

/** The largest part of a file that one request brings. */
export const MAX_PART_BYTES = 64 * 1024 ** 2
/** A part that is not the last is at least this large: a file is never made of a million of them. */
export const MIN_PART_BYTES = 64 * 1024

/** How much of one file is durable: where the next part begins. */
export const UploadFileState = z.object({
  sha256: Sha256,
  /** True when the whole file is there and has its hash. */
  isReceived: z.boolean(),
  offset: z.number().int().nonnegative(),
  /** As declared with the first part; null before that. */
  length: z.number().int().positive().nullable(),
})
export type UploadFileState = z.infer<typeof UploadFileState>

export const getUploadFile = operation({
  method: 'GET',
  path: '/api/uploads/:uploadId/files/:sha256',
  summary: 'Whether a file is there, or where its next part begins',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: upload.extend({ sha256: Sha256 }),
  query: none,
  body: undefined,
  output: UploadFileState,
  errors: [],
  audit: 'none',
})

export const patchUploadFile = operation({
  method: 'PATCH',
  path: '/api/uploads/:uploadId/files/:sha256',
  summary:
    'Send the next part of a file: all of it is durable, or none; with the last one the hash is judged',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: upload.extend({ sha256: Sha256 }),
  query: z.object({
    /** Where the part begins; what getUploadFile says. Of two who send the same, one wins. */
    offset: z.coerce.number().int().nonnegative(),
    /** Of the whole file, in every part the same. */
    length: z.coerce.number().int().positive(),
  }),
  body: bytes('application/offset+octet-stream'),
  output: UploadFileState,
  errors: [
    'UPLOAD_CLOSED',
    'UPLOAD_OFFSET_WRONG',
    'HASH_MISMATCH',
    'TOO_LARGE',
    'STORAGE_FULL',
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  audit: 'service',
})

export const findUploadFiles = operation({
  method: 'POST',
  path: '/api/uploads/:uploadId/files/status',
  summary: 'Which of many files are there already, or begun',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: upload,
  query: none,
  body: z.object({ sha256s: z.array(Sha256).min(1).max(10_000) }),
  /** What is not named is not there. */
  output: z.object({ items: z.array(UploadFileState) }),
  errors: [],
  audit: 'none',
})

export const discardUpload = operation({
  method: 'POST',
  path: '/api/uploads/:uploadId/discard',
  summary: 'Give up an upload that is still receiving: its bytes go',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: upload,
  query: none,
  body: undefined,
  output: Upload,
  errors: ['UPLOAD_CLOSED'],
  audit: 'service',
})

export const completeUpload = operation({
  method: 'POST',
  path: '/api/uploads/:uploadId/complete',
  summary: 'Close the upload: all files are there, the check may begin',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: upload,
  query: none,
  body: z.object({
    sha256s: z.array(Sha256).min(1).max(100_000),
    report: DeidReport.optional(),
    /**
     * For each patient sent. Files whose pseudonym stands for another patient are refused with
     * DEID_PSEUDONYM_COLLISION.
     */
    subjects: z.array(SubjectClaim).max(10_000).optional(),
  }),
  output: Upload,
  errors: ['UPLOAD_CLOSED', 'UPLOAD_INCOMPLETE'],
  audit: 'service',
})

export const listUploads = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/uploads',
  summary: 'The uploads of the project, newest first',
  tag: 'uploads',
  access: {
    kind: 'project',
    scope: 'project',
    roles: ['data-manager', 'manager', 'auditor'],
  },
  params: project,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(Upload) }),
  errors: [],
  audit: 'none',
})

export const getUpload = operation({
  method: 'GET',
  path: '/api/uploads/:uploadId',
  summary: 'One upload: progress, report, what was refused and why',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager', 'manager', 'auditor'] },
  params: upload,
  query: none,
  body: undefined,
  output: UploadDetail,
  errors: [],
  audit: 'none',
})

/** What a browser needs to draw a slice without reading the file: PS3.3 C.7.6.3, C.11.1, C.11.2. */
export const UploadImage = z.object({
  sha256: Sha256,
  numberOfFrames: z.number().int().positive(),
  transferSyntaxUid: Uid,
  /** False for compressed pixels, which only the viewer decodes. */
  isNative: z.boolean(),
  photometricInterpretation: z.string(),
  /** Colour by plane, where it is by pixel otherwise. */
  isPlanar: z.boolean(),
  rows: z.number().int().positive(),
  columns: z.number().int().positive(),
  samplesPerPixel: z.number().int().positive(),
  bitsAllocated: z.number().int().positive(),
  bitsStored: z.number().int().positive(),
  isSigned: z.boolean(),
  isInverted: z.boolean(),
  rescaleSlope: z.number(),
  rescaleIntercept: z.number(),
  /** Null where the file has none: the range of the pixels then. */
  windowCenter: z.number().nullable(),
  windowWidth: z.number().nullable(),
})
export type UploadImage = z.infer<typeof UploadImage>

export const listUploadImages = operation({
  method: 'GET',
  path: '/api/uploads/:uploadId/series/:series/images',
  summary: 'The clean images of one series in order, to be looked at before approval',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: upload.extend({ series: Uid }),
  query: none,
  body: undefined,
  output: z.object({ items: z.array(UploadImage) }),
  errors: [],
  audit: 'none',
})

export const getUploadFrame = operation({
  method: 'GET',
  path: '/api/uploads/:uploadId/files/:sha256/frames/:frame',
  summary: 'The pixels of one frame of a clean file as they are stored; frames count from 1',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: upload.extend({ sha256: Sha256, frame: z.coerce.number().int().positive() }),
  query: none,
  body: undefined,
  output: bytes('application/octet-stream'),
  errors: [],
  audit: 'none',
})

/** Columns and rows of a frame as it is stored, from 0 at the upper left. */
export const TextBox = z.object({
  left: z.number().int(),
  top: z.number().int(),
  width: z.number().int(),
  height: z.number().int(),
})
export type TextBox = z.infer<typeof TextBox>

/** One file of a series that a person has to decide about. */
export const PixelFinding = z.object({
  sha256: Sha256,
  /** `text`: the detector saw some, where; `not-looked`: it could not look, `code` says why. */
  kind: z.enum(['text', 'not-looked']),
  code: z.string().nullable(),
  /** Frames count from 1. Where there is text, never what it says. */
  frames: z.array(z.object({ frame: z.number().int().positive(), boxes: z.array(TextBox) })),
  decision: z
    .object({ decision: z.enum(['clear', 'refuse']), by: Person, at: IsoDateTime })
    .nullable(),
})
export type PixelFinding = z.infer<typeof PixelFinding>

const series = upload.extend({ series: Uid })

export const listPixelFindings = operation({
  method: 'GET',
  path: '/api/uploads/:uploadId/series/:series/findings',
  summary: 'The files of a series in whose pixels the server saw text, and where',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager', 'auditor'] },
  params: series,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(PixelFinding) }),
  errors: [],
  audit: 'none',
})

export const decidePixelFindings = operation({
  method: 'POST',
  path: '/api/uploads/:uploadId/series/:series/findings/decision',
  summary:
    'Say that what was found is no identifier, or take the files out of the upload with their bytes',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: series,
  query: none,
  body: z.object({
    decision: z.enum(['clear', 'refuse']),
    /** Which files; all undecided ones of the series when left out. */
    sha256s: z.array(Sha256).min(1).max(10_000).optional(),
  }),
  output: UploadDetail,
  errors: ['UPLOAD_NOT_AWAITING_QC'],
  audit: 'service',
})

export const recordSeriesSeen = operation({
  method: 'PUT',
  path: '/api/uploads/:uploadId/series/:series/seen',
  summary:
    'Record that the person has looked at the series: at least at the frames that framesToSee names',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: series,
  query: none,
  body: z.object({
    /** What was on the person's screen. Frames count from 1. */
    seen: z
      .array(
        z.object({ sha256: Sha256, frames: z.array(z.number().int().positive()).max(100_000) }),
      )
      .max(100_000),
  }),
  output: UploadDetail,
  errors: ['UPLOAD_NOT_AWAITING_QC', 'UPLOAD_FRAMES_UNSEEN'],
  audit: 'service',
})

export const decideConflicts = operation({
  method: 'POST',
  path: '/api/uploads/:uploadId/conflicts/decision',
  summary:
    'Keep what is archived: take files with the same SOP Instance UID and other bytes out of the upload',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: upload,
  query: none,
  body: z.object({
    decision: z.literal('keep-archived'),
    reason: z.enum(['archived-is-right', 'sent-by-mistake', 'cannot-tell']),
    /** Which files; all of them when left out. */
    sha256s: z.array(Sha256).min(1).max(10_000).optional(),
  }),
  output: UploadDetail,
  errors: ['UPLOAD_NOT_AWAITING_QC'],
  audit: 'service',
})

export const decideQc = operation({
  method: 'POST',
  path: '/api/uploads/:uploadId/qc',
  summary: 'Approve the de-identification of the clean files, or reject the upload',
  tag: 'uploads',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager'] },
  params: upload,
  query: none,
  body: z.object({
    decision: z.enum(['approve', 'reject']),
    comment: z.string().max(1000).optional(),
  }),
  output: Upload,
  /** Approving with something undecided or unseen is refused; the issues name the series. */
  errors: [
    'UPLOAD_NOT_AWAITING_QC',
    'UPLOAD_NOTHING_CLEAN',
    'UPLOAD_PIXELS_UNDECIDED',
    'UPLOAD_SERIES_UNSEEN',
    'UPLOAD_CONFLICTS_UNDECIDED',
  ],
  audit: 'service',
})
