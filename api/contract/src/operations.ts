/** Every operation by its id. A new file of operations is added here, and nowhere else. */
import * as archive from './operations/archive.ts'
import * as audit from './operations/audit.ts'
import * as deidentification from './operations/deidentification.ts'
import { dicomweb } from './operations/dicomweb.ts'
import * as jobs from './operations/jobs.ts'
import * as ledger from './operations/ledger.ts'
import * as outcomes from './operations/outcomes.ts'
import * as peers from './operations/peers.ts'
import * as people from './operations/people.ts'
import * as receivers from './operations/receivers.ts'
import * as releases from './operations/releases.ts'
import * as storage from './operations/storage.ts'
import * as stow from './operations/stow.ts'
import * as system from './operations/system.ts'
import * as uploads from './operations/uploads.ts'
import * as work from './operations/work.ts'

export const operations = {
  getConfig: system.getConfig,
  getHealth: system.getHealth,
  getStorageHealth: storage.getStorageHealth,
  getMe: people.getMe,
  createProject: people.createProject,
  listProjects: people.listProjects,
  getProject: people.getProject,
  listMembers: people.listMembers,
  putMember: people.putMember,
  getProfile: deidentification.getProfile,
  setProfile: deidentification.setProfile,
  listProfiles: deidentification.listProfiles,
  getDeidentificationKey: deidentification.getDeidentificationKey,
  listDeidentificationKeys: deidentification.listDeidentificationKeys,
  rotateDeidentificationKey: deidentification.rotateDeidentificationKey,
  createUpload: uploads.createUpload,
  putUploadFile: uploads.putUploadFile,
  getUploadFile: uploads.getUploadFile,
  patchUploadFile: uploads.patchUploadFile,
  findUploadFiles: uploads.findUploadFiles,
  completeUpload: uploads.completeUpload,
  discardUpload: uploads.discardUpload,
  listUploads: uploads.listUploads,
  getUpload: uploads.getUpload,
  listUploadImages: uploads.listUploadImages,
  getUploadFrame: uploads.getUploadFrame,
  listPixelFindings: uploads.listPixelFindings,
  decidePixelFindings: uploads.decidePixelFindings,
  recordSeriesSeen: uploads.recordSeriesSeen,
  decideConflicts: uploads.decideConflicts,
  decideQc: uploads.decideQc,
  listUploadArchivedSeries: archive.listUploadArchivedSeries,
  listCaseSeries: archive.listCaseSeries,
  listPeers: peers.listPeers,
  searchPeer: peers.searchPeer,
  importStudy: peers.importStudy,
  listDicomReceivers: receivers.listDicomReceivers,
  putDicomReceiver: receivers.putDicomReceiver,
  removeDicomReceiver: receivers.removeDicomReceiver,
  getProcessingTerms: ledger.getProcessingTerms,
  setProcessingTerms: ledger.setProcessingTerms,
  listLedger: ledger.listLedger,
  verifyLedger: ledger.verifyLedger,
  listCopies: ledger.listCopies,
  recordCopy: ledger.recordCopy,
  recordDestruction: ledger.recordDestruction,
  getEvidencePack: ledger.getEvidencePack,
  listCases: work.listCases,
  getCase: work.getCase,
  getProgress: work.getProgress,
  listMyTasks: work.listMyTasks,
  takeNextTask: work.takeNextTask,
  getTask: work.getTask,
  releaseTask: work.releaseTask,
  submitTask: work.submitTask,
  getSegmentation: work.getSegmentation,
  appendSegmentationRevision: work.appendSegmentationRevision,
  listMeasurements: work.listMeasurements,
  putMeasurement: work.putMeasurement,
  decideReview: work.decideReview,
  listHistologies: outcomes.listHistologies,
  getOutcome: outcomes.getOutcome,
  getOutcomeEntry: outcomes.getOutcomeEntry,
  checkOutcome: outcomes.checkOutcome,
  putOutcome: outcomes.putOutcome,
  previewCohort: releases.previewCohort,
  createCohort: releases.createCohort,
  listCohorts: releases.listCohorts,
  freezeCohort: releases.freezeCohort,
  createRelease: releases.createRelease,
  listReleases: releases.listReleases,
  getRelease: releases.getRelease,
  downloadRelease: releases.downloadRelease,
  listJobs: jobs.listJobs,
  listInstallationJobs: jobs.listInstallationJobs,
  getJob: jobs.getJob,
  cancelJob: jobs.cancelJob,
  retryJob: jobs.retryJob,
  cancelInstallationJob: jobs.cancelInstallationJob,
  retryInstallationJob: jobs.retryInstallationJob,
  listAudit: audit.listAudit,
  storeInstances: stow.storeInstances,
  storeInstancesOfStudy: stow.storeInstancesOfStudy,
  storeInstancesInProject: stow.storeInstancesInProject,
  storeInstancesOfStudyInProject: stow.storeInstancesOfStudyInProject,
  ...dicomweb,
} as const

export type Operations = typeof operations
export type OperationId = keyof Operations
