/** The pages and their addresses, for the signed-in person and the chosen project. */
import { useQuery } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { BrowserRouter, Navigate, Route, Routes } from 'react-router'
import { QueryError } from './data/QueryError.tsx'
import { AuditPage } from './pages/audit/AuditPage.tsx'
import { CasePage } from './pages/cases/CasePage.tsx'
import { CasesPage } from './pages/cases/CasesPage.tsx'
import { OutcomePage } from './pages/cases/OutcomePage.tsx'
import { JobsPage } from './pages/jobs/JobsPage.tsx'
import { MembersPage } from './pages/members/MembersPage.tsx'
import { PeersPage } from './pages/peers/PeersPage.tsx'
import { ProgressPage } from './pages/progress/ProgressPage.tsx'
import { ProjectsPage } from './pages/projects/ProjectsPage.tsx'
import { RecordPage } from './pages/record/RecordPage.tsx'
import { ResearchPage } from './pages/research/ResearchPage.tsx'
import { WorklistPage } from './pages/worklist/WorklistPage.tsx'
import { SessionContext } from './session/context.ts'
import { pagesFor, Shell } from './session/Shell.tsx'
import type { Session } from './session/session.ts'
import { EmptyState, LoadingState } from './ui/index.ts'

/** Cornerstone and OHIF come only to those who read. */
const ReadingPage = lazy(async () => ({
  default: (await import('./pages/reading/ReadingPage.tsx')).ReadingPage,
}))
const UploadPage = lazy(async () => ({
  default: (await import('./pages/upload/UploadPage.tsx')).UploadPage,
}))
/** With the anonymizer, which checks profiles while they are typed. */
const SettingsPage = lazy(async () => ({
  default: (await import('./pages/settings/SettingsPage.tsx')).SettingsPage,
}))
const QcPage = lazy(async () => ({ default: (await import('./pages/upload/QcPage.tsx')).QcPage }))

const STORED = 'pandok.project'

export function App({ session }: { session: Session }) {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState(() => localStorage.getItem(STORED))
  const me = useQuery({ queryKey: ['me'], queryFn: () => session.client.getMe({ params: {} }) })
  const everything = useQuery({
    queryKey: ['projects'],
    enabled: me.data?.isAdmin === true,
    queryFn: () => session.client.listProjects({ params: {} }),
  })
  const projects = useMemo(() => {
    const mine = me.data?.memberships ?? []
    const others = (everything.data?.items ?? [])
      .filter(({ key }) => mine.every(({ projectKey }) => projectKey !== key))
      .map(({ key, nameEn, nameKo }) => ({ projectKey: key, nameEn, nameKo, roles: [] }))
    return [...mine, ...others]
  }, [me.data, everything.data])
  const project = projects.find((each) => each.projectKey === chosen) ?? projects[0]
  const context = useMemo(
    () =>
      me.data === undefined || project === undefined
        ? undefined
        : {
            session,
            me: me.data,
            project,
            projects,
            chooseProject: (key: string) => {
              localStorage.setItem(STORED, key)
              setChosen(key)
            },
          },
    [session, me.data, project, projects],
  )
  if (me.isPending) return <LoadingState label={t('loading')} />
  if (me.isError) return <QueryError error={me.error} retry={() => void me.refetch()} />
  if (context === undefined) {
    return me.data.isAdmin ? (
      <ProjectsPage session={session} />
    ) : (
      <EmptyState title={t('noProject')} />
    )
  }
  const [home] = pagesFor(context.project.roles, context.me.isAdmin)
  return (
    <SessionContext value={context}>
      <BrowserRouter>
        <Routes>
          <Route element={<Shell />}>
            <Route
              index
              element={
                home === undefined ? (
                  <EmptyState title={t('noPermission')} />
                ) : (
                  <Navigate to={`/${home.path}`} replace />
                )
              }
            />
            <Route path="upload" element={<Late page={<UploadPage />} />} />
            <Route path="upload/peers" element={<PeersPage />} />
            <Route path="uploads/:uploadId" element={<Late page={<QcPage />} />} />
            <Route path="tasks/:taskId" element={<Late page={<ReadingPage />} />} />
            <Route path="cases" element={<CasesPage />} />
            <Route path="cases/:caseId" element={<CasePage />} />
            <Route path="progress" element={<ProgressPage />} />
            <Route path="jobs" element={<JobsPage />} />
            <Route path="record" element={<RecordPage />} />
            <Route path="settings" element={<Late page={<SettingsPage />} />} />
            <Route path="members" element={<MembersPage />} />
            <Route path="cases/:caseId/outcome" element={<OutcomePage />} />
            <Route path="cohorts" element={<ResearchPage />} />
            <Route path="projects" element={<ProjectsPage session={session} />} />
            <Route path="audit" element={<AuditPage />} />
            <Route path="worklist" element={<WorklistPage />} />
            <Route path="*" element={<Navigate to="/" replace />} />
          </Route>
        </Routes>
      </BrowserRouter>
    </SessionContext>
  )
}

function Late({ page }: { page: ReactNode }) {
  const { t } = useTranslation()
  return <Suspense fallback={<LoadingState label={t('loading')} />}>{page}</Suspense>
}
