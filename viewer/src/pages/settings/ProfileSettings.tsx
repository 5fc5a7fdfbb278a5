/** The profile in force as text, checked while it is typed; built-in ones to start from; history. */
import { loadProfile, ProfileError } from '@pandok/anonymizer'
import { PandokError, type ProjectProfile } from '@pandok/contract'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { codeOf, failureOf, QueryError } from '../../data/QueryError.tsx'
import { useDelayed } from '../../data/use-delayed.ts'
import { useSession } from '../../session/context.ts'
import { Badge, Button, ConfirmDialog, LoadingState, showToast, Table } from '../../ui/index.ts'
import { LinedText, type TextFault } from './LinedText.tsx'

export function ProfileSettings({ mayEdit }: { mayEdit: boolean }) {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const params = { projectKey: project.projectKey }
  const profile = useQuery({
    queryKey: ['profile', params.projectKey],
    queryFn: () => session.client.getProfile({ params }),
  })
  return (
    <section className="panel">
      <h2>{t('settings.profile')}</h2>
      <p className="muted small">{t('settings.profileNote')}</p>
      {profile.isPending ? <LoadingState label={t('loading')} /> : null}
      {profile.isError ? (
        <QueryError error={profile.error} retry={() => void profile.refetch()} />
      ) : null}
      {profile.data === undefined ? null : (
        <Profile key={profile.data.version} current={profile.data} mayEdit={mayEdit} />
      )}
    </section>
  )
}

function Profile({ current, mayEdit }: { current: ProjectProfile; mayEdit: boolean }) {
  const { t, i18n } = useTranslation()
  const { session, project } = useSession()
  const queries = useQueryClient()
  const params = { projectKey: project.projectKey }
  const [text, setText] = useState(current.text)
  const [refused, setRefused] = useState<{ readonly line: number; readonly of: string }>()
  const [isAsked, setIsAsked] = useState(false)
  const typed = useDelayed(text, 300, faultOf)
  // What the server said counts for the text that it was said of, where nothing is wrong with it here.
  const fault: TextFault | undefined =
    typed !== undefined
      ? { line: typed.line, message: t(`settings.faults.${typed.code}`, { ...typed.facts }) }
      : refused?.of === text
        ? { line: refused.line, message: t('settings.notTaken') }
        : undefined
  const versions = useQuery({
    queryKey: ['profiles', params.projectKey],
    queryFn: () => session.client.listProfiles({ params }),
  })
  const show = useMutation({
    mutationFn: (version: number) => session.client.getProfile({ params, query: { version } }),
    onSuccess: (earlier) => setText(earlier.text),
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
  })
  const save = useMutation({
    mutationFn: () => session.client.setProfile({ params, body: { profile: text } }),
    onSuccess: async (saved) => {
      showToast(t('settings.profileSaved', { version: saved.version }))
      queries.setQueryData(['profile', params.projectKey], saved)
      await queries.invalidateQueries({ queryKey: ['profiles', params.projectKey] })
    },
    onError: (error) => {
      const [issue] = error instanceof PandokError ? error.issues : []
      if (codeOf(error) === 'PROFILE_INVALID' && issue !== undefined) {
        setRefused({ line: issue.line ?? 1, of: text })
      } else showToast(failureOf(error), 'bad')
    },
    onSettled: () => setIsAsked(false),
  })
  const isChanged = text !== current.text
  return (
    <>
      <div className="row">
        <Badge tone="ok">{t('settings.inForce')}</Badge>
        <strong>{current.label}</strong>
        <span className="muted small">
          {t('settings.version', { version: current.version })} ·{' '}
          {new Date(current.setAt).toLocaleString(i18n.language)}
          {current.setBy === null ? '' : ` · ${current.setBy.displayName}`} ·{' '}
          <code>{current.digest.slice(0, 12)}</code>
        </span>
      </div>
      {mayEdit ? (
        <div className="row" role="group" aria-label={t('settings.builtIn')}>
          <span className="muted small">{t('settings.builtIn')}</span>
          {(versions.data?.builtIn ?? []).map((each) => (
            <Button
              key={each.name}
              size="small"
              title={
                i18n.exists(`settings.builtIns.${each.name}`)
                  ? t(`settings.builtIns.${each.name}` as 'settings.builtIns.basic')
                  : undefined
              }
              aria-pressed={text === each.text}
              onClick={() => setText(each.text)}
            >
              {each.name}
            </Button>
          ))}
        </div>
      ) : null}
      <LinedText
        label={t('settings.profileText')}
        text={text}
        isReadOnly={!mayEdit}
        fault={fault}
        faultLabel={(line) => t('settings.line', { line })}
        onChange={setText}
      />
      {mayEdit ? (
        <div className="row">
          <Button
            look="primary"
            disabled={!isChanged || fault !== undefined || save.isPending}
            onClick={() => setIsAsked(true)}
          >
            {t('settings.saveProfile')}
          </Button>
          <Button disabled={!isChanged} onClick={() => setText(current.text)}>
            {t('settings.undo')}
          </Button>
        </div>
      ) : null}
      {versions.isError ? (
        <QueryError error={versions.error} retry={() => void versions.refetch()} />
      ) : (
        <Table
          label={t('settings.history')}
          rows={versions.data?.items ?? []}
          keyOf={(row) => String(row.version)}
          columns={[
            { key: 'version', title: t('settings.versionNumber'), draw: (row) => row.version },
            { key: 'label', title: t('settings.profile'), draw: (row) => row.label },
            {
              key: 'when',
              title: t('upload.when'),
              draw: (row) => new Date(row.setAt).toLocaleString(i18n.language),
            },
            {
              key: 'who',
              title: t('upload.who'),
              draw: (row) => row.setBy?.displayName ?? t('audit.machine'),
            },
            {
              key: 'show',
              title: '',
              draw: (row) => (
                <Button size="small" look="quiet" onClick={() => show.mutate(row.version)}>
                  {t('settings.showText')}
                </Button>
              ),
            },
          ]}
        />
      )}
      {isAsked ? (
        <ConfirmDialog
          title={t('settings.saveProfile')}
          confirmLabel={t('settings.saveProfile')}
          cancelLabel={t('cancel')}
          isBusy={save.isPending}
          onConfirm={() => save.mutate()}
          onClose={() => setIsAsked(false)}
        >
          <p>{t('settings.saveProfileAsk')}</p>
        </ConfirmDialog>
      ) : null}
    </>
  )
}

function faultOf(text: string): ProfileError | undefined {
  try {
    loadProfile(text)
    return undefined
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error
    return error
  }
}
