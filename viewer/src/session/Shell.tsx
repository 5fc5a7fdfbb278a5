/** The frame of every page: mark, project, navigation by role, language, sign-out. */
import type { Role } from '@pandok/contract'
import { useTranslation } from 'react-i18next'
import { NavLink, Outlet } from 'react-router'
import { LANGUAGES, setLanguage } from '../i18n/index.ts'
import { Button, Toasts } from '../ui/index.ts'
import { useSession } from './context.ts'
import { KeySheet } from './KeySheet.tsx'

const PAGES = [
  { path: 'worklist', roles: ['labeler', 'reviewer', 'second-reviewer'] },
  { path: 'upload', roles: ['data-manager'] },
  { path: 'progress', roles: ['manager'] },
  { path: 'cases', roles: ['data-manager', 'manager', 'researcher', 'auditor'] },
  { path: 'cohorts', roles: ['researcher', 'manager', 'auditor'] },
  { path: 'record', roles: ['data-manager', 'manager', 'auditor'] },
  { path: 'members', roles: ['manager', 'auditor'] },
  { path: 'jobs', roles: ['data-manager', 'manager', 'auditor'] },
  { path: 'settings', roles: ['data-manager', 'manager', 'auditor'] },
  { path: 'audit', roles: ['auditor'] },
  { path: 'projects', roles: [] },
] as const satisfies readonly { path: string; roles: readonly Role[] }[]

/**
 * Administrators make projects, set the roles, replace the key and see the background work of any; they
 * see no images.
 */
const ADMIN_PAGES: readonly string[] = ['projects', 'members', 'settings', 'jobs']

export function pagesFor(roles: readonly Role[], isAdmin: boolean) {
  return PAGES.filter(
    (page) =>
      page.roles.some((role: Role) => roles.includes(role)) ||
      (isAdmin && ADMIN_PAGES.includes(page.path)),
  )
}

export function Shell() {
  const { t, i18n } = useTranslation()
  const { session, me, project, projects, chooseProject } = useSession()
  return (
    <div className="shell">
      <header className="header">
        <a className="mark" href="/">
          Pandok <small>판독</small>
        </a>
        <select
          className="input project"
          aria-label={t('project')}
          value={project.projectKey}
          onChange={(event) => {
            chooseProject(event.target.value)
          }}
        >
          {projects.map((each) => (
            <option key={each.projectKey} value={each.projectKey}>
              {i18n.language === 'ko' ? each.nameKo : each.nameEn}
            </option>
          ))}
        </select>
        <nav className="nav" aria-label="Pandok">
          {pagesFor(project.roles, me.isAdmin).map(({ path }) => (
            <NavLink key={path} to={`/${path}`}>
              {t(`nav.${path}`)}
            </NavLink>
          ))}
        </nav>
        <fieldset
          className="languages"
          aria-label={t('language')}
          style={{ padding: 0, margin: 0 }}
        >
          {LANGUAGES.map((language) => (
            <button
              key={language}
              type="button"
              aria-pressed={i18n.language === language}
              onClick={() => void setLanguage(language)}
            >
              {language === 'ko' ? '한국어' : 'English'}
            </button>
          ))}
        </fieldset>
        <KeySheet />
        <details className="menu">
          <summary title={me.displayName}>{me.displayName}</summary>
          <div>
            <span className="muted small">{me.username}</span>
            <Button onClick={session.signOut}>{t('signOut')}</Button>
          </div>
        </details>
      </header>
      <main className="content">
        <Outlet />
      </main>
      <Toasts closeLabel={t('close')} />
    </div>
  )
}
