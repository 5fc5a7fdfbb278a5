/** The administrator's projects: what there is, and a new one. Who works in it is set by Members. */
import { Project } from '@pandok/contract'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { failureOf, QueryError } from '../../data/QueryError.tsx'
import type { Session } from '../../session/session.ts'
import {
  Button,
  Dialog,
  EmptyState,
  Field,
  LoadingState,
  showToast,
  Table,
} from '../../ui/index.ts'

const NewProject = Project.omit({ segments: true })
type NewProject = Omit<Project, 'segments'>
const EMPTY = { key: '', nameKo: '', nameEn: '', prefix: '', digits: '5' }
const FIELDS = ['key', 'nameKo', 'nameEn', 'prefix', 'digits'] as const
type Draft = Readonly<Record<(typeof FIELDS)[number], string>>

/** Stands alone too: before the first project there is nothing else to show. */
export function ProjectsPage({ session }: { session: Session }) {
  const { t, i18n } = useTranslation()
  const [isOpen, setIsOpen] = useState(false)
  const projects = useQuery({
    queryKey: ['projects'],
    queryFn: () => session.client.listProjects({ params: {} }),
  })
  if (projects.isPending) return <LoadingState label={t('loading')} />
  if (projects.isError) {
    return <QueryError error={projects.error} retry={() => void projects.refetch()} />
  }
  const { items } = projects.data
  return (
    <div className="page">
      <header>
        <h1>{t('projects.title')}</h1>
        <Button look="primary" onClick={() => setIsOpen(true)}>
          {t('projects.create')}
        </Button>
      </header>
      {items.length === 0 ? (
        <EmptyState title={t('projects.none')} />
      ) : (
        <Table
          label={t('projects.title')}
          rows={items}
          keyOf={(project) => project.key}
          columns={[
            {
              key: 'name',
              title: t('projects.name'),
              draw: (project) => (i18n.language === 'ko' ? project.nameKo : project.nameEn),
            },
            {
              key: 'key',
              title: t('projects.fields.key'),
              draw: (project) => <code>{project.key}</code>,
            },
            {
              key: 'pseudonym',
              title: t('projects.pseudonym'),
              draw: ({ pseudonymFormat: { prefix, digits } }) => (
                <code>{prefix + '0'.repeat(digits)}</code>
              ),
            },
            {
              key: 'segments',
              title: t('projects.segments'),
              draw: (project) =>
                project.segments
                  .map((each) => (i18n.language === 'ko' ? each.labelKo : each.labelEn))
                  .join(', '),
            },
          ]}
        />
      )}
      {isOpen ? <CreateProject session={session} onClose={() => setIsOpen(false)} /> : null}
    </div>
  )
}

function CreateProject({ session, onClose }: { session: Session; onClose: () => void }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const [draft, setDraft] = useState<Draft>(EMPTY)
  const parsed = NewProject.safeParse({
    key: draft.key,
    nameKo: draft.nameKo.trim(),
    nameEn: draft.nameEn.trim(),
    pseudonymFormat: { prefix: draft.prefix, digits: Number(draft.digits) },
  })
  const create = useMutation({
    mutationFn: (project: NewProject) =>
      session.client.createProject({ params: {}, body: project }),
    onSuccess: async () => {
      showToast(t('projects.created'))
      onClose()
      await queries.invalidateQueries({ queryKey: ['projects'] })
    },
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
  })
  return (
    <Dialog title={t('projects.create')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (parsed.success) create.mutate(parsed.data)
        }}
      >
        {FIELDS.map((name) => (
          <Field
            key={name}
            label={t(`projects.fields.${name}`)}
            {...(name === 'key' || name === 'prefix' || name === 'digits'
              ? { hint: t(`projects.hints.${name}`) }
              : {})}
          >
            {(control) => (
              <input
                {...control}
                type={name === 'digits' ? 'number' : 'text'}
                value={draft[name]}
                onChange={(event) => {
                  setDraft({ ...draft, [name]: event.target.value })
                }}
              />
            )}
          </Field>
        ))}
        <div className="actions">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" look="primary" disabled={!parsed.success || create.isPending}>
            {t('projects.create')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
