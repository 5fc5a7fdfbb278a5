/** How the project de-identifies: its profile, for what and how long it holds data, its key. */
import { useTranslation } from 'react-i18next'
import { useSession } from '../../session/context.ts'
import { EmptyState } from '../../ui/index.ts'
import { KeySettings } from './KeySettings.tsx'
import { ProfileSettings } from './ProfileSettings.tsx'
import { TermsSettings } from './TermsSettings.tsx'

export function SettingsPage() {
  const { t } = useTranslation()
  const { project, me } = useSession()
  const { roles, projectKey } = project
  const isManager = roles.includes('manager')
  const readsRules = (['manager', 'data-manager', 'auditor'] as const).some((role) =>
    roles.includes(role),
  )
  const readsKeys = me.isAdmin || isManager || roles.includes('auditor')
  if (!readsRules && !readsKeys) return <EmptyState title={t('noPermission')} />
  return (
    <div className="page" key={projectKey}>
      <header>
        <h1>{t('settings.title')}</h1>
        {isManager ? null : <p>{t('settings.readOnly')}</p>}
      </header>
      {readsRules ? <ProfileSettings mayEdit={isManager} /> : null}
      {readsRules ? <TermsSettings mayEdit={isManager} /> : null}
      {readsKeys ? <KeySettings mayRotate={isManager || me.isAdmin} /> : null}
    </div>
  )
}
