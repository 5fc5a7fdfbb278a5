/**
 * The composition root: everything is made here once and handed its parts. Nothing else constructs
 * a service, opens a connection or reads a clock.
 */
import { readFileSync } from 'node:fs'
import { isSopClassKnown } from '@pandok/anonymizer'
import {
  createCheckPool,
  createCleanPool,
  createNamesPool,
  startPixelPool,
} from '@pandok/anonymizer/node'
import { annotationRoutes, createAnnotationService, segmentationAt } from './annotations/index.ts'
import {
  archiveRoutes,
  createArchiveService,
  STORE_UPLOAD,
  storeUploadJob,
} from './archive/index.ts'
import { cohortRoutes, createCohortService } from './cohorts/index.ts'
import {
  CHECK_UPLOAD,
  checkUploadJob,
  createDeidentificationService,
  deidentificationRoutes,
  GIVE_BACK_SUBJECTS,
  giveBackSubjectsJob,
  type Looker,
  lookAtUploadJob,
  startLooker,
} from './deidentification/index.ts'
import {
  createDicomwebService,
  createPixels,
  dicomwebRoutes,
  forgetDerived,
  forgetOldDerived,
} from './dicomweb/index.ts'
import {
  closeQuietJob,
  createCollector,
  createDimseServer,
  createIntakeService,
  createPeers,
  createReceivers,
  createStow,
  importStudyJob,
  intakeRoutes,
  neededBlobs,
  peerRoutes,
  receiverRoutes,
  removeAbandonedParts,
  removeUnfinishedJob,
  removeUnneededBlobs,
  stowRoutes,
  waitingBlobs,
} from './intake/index.ts'
import { createOutcomeService, outcomeAt, outcomeRoutes } from './outcomes/index.ts'
import { createPeopleService, peopleRoutes } from './people/index.ts'
import { createTokenVerifier } from './platform/auth.ts'
import { openBlobs } from './platform/blobs/index.ts'
import { openDatabase } from './platform/database.ts'
import type { Config } from './platform/env.ts'
import type { Handlers, ScopeResolvers } from './platform/http/handler.ts'
import { type KnownAccess, openKnownAccess } from './platform/http/known-access.ts'
import { createHttpServer } from './platform/http/server.ts'
import { systemRoutes } from './platform/http/system-routes.ts'
import {
  createJobService,
  fenced,
  type Job,
  jobRoutes,
  purgeJobHistory,
} from './platform/jobs/index.ts'
import type { Log } from './platform/log.ts'
import { createProgrammeService, programmeRoutes } from './programme/index.ts'
import { createProjectService, projectRoutes } from './projects/index.ts'
import { buildReleaseJob, createReleaseService, releaseRoutes } from './releases/index.ts'
import { createReviewService, reviewRoutes } from './reviews/index.ts'
import { type BlobNeeds, createStorageService, storageRoutes } from './storage/index.ts'
import { createWorkflowService, openCase, workflowRoutes } from './workflow/index.ts'

/** Senders take turns: one statement at a time for each. */
const FILE_CONNECTIONS = 4
const VERSION = readVersion()

export type App = ReturnType<typeof createApp>

/** Parts that tests replace. */
export interface Parts {
  readonly clock: () => Date
  readonly openLooker: () => Looker
}

export function createApp(config: Config, log: Log, parts: Partial<Parts> = {}) {
  const { clock = () => new Date(), openLooker = startLooker } = parts
  const db = fenced(openDatabase({ url: config.databaseUrl, poolSize: config.databasePoolSize }))
  const blobs = openBlobs({
    location: config.blobs,
    localCopiesDirectory: config.localCopiesDirectory,
    formerInstallationKeys: config.formerInstallationKeys,
    installationKey: config.installationKey,
    minFreeBytes: config.minFreeBytes,
    clock,
  })
  let knownAccess: KnownAccess | undefined
  const people = createPeopleService({ db, onRolesChanged: () => knownAccess?.forget() })
  const deidentification = createDeidentificationService({
    db,
    vaultUrl: config.vaultUrl,
    installationKey: config.installationKey,
    clock,
  })
  const { ledger, keys } = deidentification
  const projects = createProjectService({ db, prepareDeidentification: keys.prepareProject })
  const intake = createIntakeService({
    db,
    blobs,
    maxFileBytes: config.maxFileBytes,
    claimSubjects: keys.claimSubjects,
    jobs: { check: CHECK_UPLOAD, archive: STORE_UPLOAD, giveBack: GIVE_BACK_SUBJECTS },
  })
  const { quietSeconds, maxFileBytes } = config
  // One statement for each file of a study: planned once.
  const { databaseUrl: url } = config
  const filesDb = fenced(openDatabase({ url, poolSize: FILE_CONNECTIONS, isPrepared: true }))
  const collector = createCollector({
    db: filesDb,
    blobs,
    maxFileBytes,
    quietSeconds,
    maxOpenSeconds: config.maxOpenSeconds,
    checkJob: CHECK_UPLOAD,
  })
  const receivers = createReceivers({ db })
  const names = createNamesPool()
  const stow = createStow({
    collector,
    maxBodyBytes: config.maxStowBytes,
    admitsSopClass: isSopClassKnown,
    studyOf: async (sha256) =>
      (await blobs.withLocalFile('quarantine', sha256, names.read))?.studyInstanceUid,
    drop: async (sha256) => {
      await removeUnneededBlobs(db, blobs, 'quarantine', [sha256])
    },
    projectsOf: (personId) => people.projectsWith(personId, 'data-manager'),
  })
  const archive = createArchiveService({ db })
  const blobNeeds: BlobNeeds = {
    needed: neededBlobs,
    waiting: (area, after, limit) => waitingBlobs(db, area, after, limit),
    forgetDerived: (sha256s) => forgetDerived(db, sha256s),
    removeUnneeded: (area, sha256s) => removeUnneededBlobs(db, blobs, area, sha256s),
  }
  const storage = createStorageService({
    db,
    blobs,
    log,
    needs: blobNeeds,
    chores: [
      { name: 'abandoned parts', run: (signal) => removeAbandonedParts(db, blobs, signal) },
      { name: 'derived rows', run: () => forgetOldDerived(db) },
      {
        name: 'job history',
        run: async (signal) => {
          await purgeJobHistory(db, config.jobHistoryDays, signal)
        },
      },
    ],
    scrubBytesPerSecond: config.scrubBytesPerSecond,
  })
  const pixelPool = startPixelPool({ processes: config.pixelProcesses })
  const dicomweb = createDicomwebService({
    db,
    blobs,
    pixels: createPixels(pixelPool.run),
    publicUrl: config.publicUrl,
    accelLocation: config.accelLocation,
  })
  const workflow = createWorkflowService({ db })
  const { geometriesOfCase } = archive
  const annotations = createAnnotationService({ db, geometriesOfCase })
  const reviews = createReviewService({ db })
  const outcomes = createOutcomeService({ db, clock, shiftDates: keys.shiftDates })
  const cohorts = createCohortService({ db })
  const releases = createReleaseService({ db, blobs, recordDownload: ledger.recordDownload })
  const programme = createProgrammeService({ db })
  const jobService = createJobService({ db, jobs: () => jobs })

  const handlers: Handlers = {
    ...storageRoutes(storage),
    ...systemRoutes(config, VERSION, db),
    ...peopleRoutes(people),
    ...projectRoutes(projects),
    ...deidentificationRoutes(deidentification),
    ...intakeRoutes(intake),
    ...archiveRoutes(archive),
    ...dicomwebRoutes(dicomweb),
    ...stowRoutes(stow),
    ...receiverRoutes(receivers),
    ...peerRoutes(createPeers({ db, peers: config.peers })),
    ...workflowRoutes(workflow, {
      geometriesOfCase,
      segmentsOf: async (projectId) => (await projects.byId(projectId)).segments,
      reviewsOfCase: reviews.reviewsOfCase,
    }),
    ...annotationRoutes(annotations, workflow),
    ...reviewRoutes(reviews),
    ...outcomeRoutes(outcomes),
    ...cohortRoutes(cohorts),
    ...releaseRoutes(releases),
    ...programmeRoutes(programme),
    ...jobRoutes(jobService),
  }

  const scopes: ScopeResolvers = {
    project: async (key) => {
      const project = await projects.byKey(key)
      return project === undefined ? undefined : { projectId: project.id }
    },
    upload: intake.projectOf,
    case: workflow.projectOfCase,
    task: workflow.projectOfTask,
    cohort: cohorts.projectOf,
    release: releases.projectOf,
    study: dicomweb.projectOfStudy,
    job: jobService.projectOf,
  }

  const jobs: Job[] = [
    checkUploadJob({
      db,
      blobs,
      ledger,
      keyOf: keys.keyOf,
      claimSubjects: keys.claimSubjects,
      openPool: () => createCheckPool(),
      openCleanPool: createCleanPool,
    }),
    removeUnfinishedJob({ db, blobs }),
    importStudyJob({
      db,
      blobs,
      peers: config.peers,
      maxFileBytes,
      keyOf: keys.keyOf,
      checkJob: CHECK_UPLOAD,
    }),
    closeQuietJob({ db, quietSeconds, checkJob: CHECK_UPLOAD }),
    lookAtUploadJob({ db, blobs, openLooker }),
    giveBackSubjectsJob({ db, giveBack: keys.giveBackSubjects }),
    storeUploadJob({ db, blobs, onStudyArchived: openCase }),
    buildReleaseJob({
      db,
      blobs,
      recordRelease: ledger.recordRelease,
      geometriesOfCase,
      instancesOfSeries: archive.instancesOfSeries,
      segmentationAt: (caseId, revision) => segmentationAt(db, caseId, revision),
      outcomeAt: (caseId, revision) => outcomeAt(db, caseId, revision),
      segmentsOf: async (projectId) => (await projects.byId(projectId)).segments,
    }),
  ]

  return {
    db,
    blobs,
    blobNeeds,
    storage,
    close: async () => {
      names.close()
      pixelPool.close()
      await knownAccess?.close()
      await filesDb.close()
      await db.close()
      await deidentification.close()
    },
    jobs,
    people,
    projects,
    createDimseServer: () =>
      createDimseServer({
        collector,
        admitsSopClass: isSopClassKnown,
        admit: receivers.admit,
        log,
        maxAssociations: config.dicomMaxAssociations,
        idleSeconds: config.dicomIdleSeconds,
        maxFileBytes,
        tls: config.dicomTls,
      }),
    createServer: () => {
      knownAccess ??= openKnownAccess(config.databaseUrl)
      return createHttpServer({
        knownAccess,
        answerShortly: dicomweb.leanHandler(knownAccess),
        handlers,
        scopes,
        db,
        log,
        version: VERSION,
        verifyToken: createTokenVerifier({
          issuer: config.oidcIssuer,
          audience: config.oidcAudience,
          jwksUrl: config.oidcJwksUrl,
        }),
        personOf: people.personOf,
        rolesOf: people.rolesOf,
        viewerDirectory: config.viewerDirectory,
        identityOrigin: new URL(config.oidcIssuer).origin,
      })
    },
  }
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
