/** Operations of background work. */
import type { Handlers } from '../http/handler.ts'
import type { JobService } from './service.ts'

export function jobRoutes(
  jobs: JobService,
): Pick<
  Handlers,
  | 'listJobs'
  | 'listInstallationJobs'
  | 'getJob'
  | 'cancelJob'
  | 'retryJob'
  | 'cancelInstallationJob'
  | 'retryInstallationJob'
> {
  return {
    listJobs: ({ project, query }) => jobs.ofProject(project.id, query),
    listInstallationJobs: ({ query }) => jobs.ofInstallation(query),
    getJob: ({ params }) => jobs.get(params.jobId),
    cancelJob: ({ actor, project, params }) => jobs.cancel(actor, project.id, params.jobId),
    retryJob: ({ actor, project, params }) => jobs.retry(actor, project.id, params.jobId),
    cancelInstallationJob: ({ actor, params }) => jobs.cancel(actor, null, params.jobId),
    retryInstallationJob: ({ actor, params }) => jobs.retry(actor, null, params.jobId),
  }
}
