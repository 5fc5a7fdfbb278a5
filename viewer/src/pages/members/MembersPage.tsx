/** Who does what in the project; the manager and the administrator set roles. */
import { type Operations, type OutputOf, ROLES, type Role, Username } from '@pandok/contract'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { codeOf, QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import {
  Badge,
  Button,
  Checks,
  ConfirmDialog,
  EmptyState,
  Field,
  LoadingState,
  showToast,
  Table,
} from '../../ui/index.ts'

type Member = OutputOf<Operations['listMembers']>['items'][number]

/** What the dialog edits: a member, or somebody yet to be named. */
interface Edited {
  readonly username: string
  readonly title: string | undefined
  readonly roles: readonly Role[]
}

export function MembersPage() {
  const { t } = useTranslation()
  const { session, project, me } = useSession()
  const params = { projectKey: project.projectKey }
  const [edited, setEdited] = useState<Edited>()
  const members = useQuery({
    queryKey: ['members', params.projectKey],
    queryFn: () => session.client.listMembers({ params }),
  })
  const save = useMutation({
    mutationFn: ({ username, roles }: Edited) =>
      session.client.putMember({ params: { ...params, username }, body: { roles: [...roles] } }),
    onSuccess: async () => {
      setEdited(undefined)
      showToast(t('members.saved'))
      await members.refetch()
    },
    onError: (error) => {
      const code = codeOf(error)
      showToast(code === 'NOT_FOUND' ? t('members.unknown') : `${t('failed')}: ${code}`, 'bad')
    },
  })
  const mayEdit = me.isAdmin || project.roles.includes('manager')
  const edit = (member: Member) => {
    setEdited({ username: member.username, title: member.displayName, roles: member.roles })
  }
  return (
    <div className="page">
      <header>
        <h1>{t('members.title')}</h1>
        {mayEdit ? (
          <Button
            look="primary"
            onClick={() => {
              setEdited({ username: '', title: undefined, roles: [] })
            }}
          >
            {t('members.add')}
          </Button>
        ) : null}
      </header>
      {members.isPending ? (
        <LoadingState label={t('loading')} />
      ) : members.isError ? (
        <QueryError error={members.error} retry={() => void members.refetch()} />
      ) : members.data.items.length === 0 ? (
        <EmptyState title={t('members.none')} />
      ) : (
        <MemberTable items={members.data.items} onEdit={mayEdit ? edit : undefined} />
      )}
      {edited === undefined ? null : (
        <RolesDialog
          edited={edited}
          isBusy={save.isPending}
          onChange={setEdited}
          onSave={() => {
            save.mutate(edited)
          }}
          onClose={() => {
            setEdited(undefined)
          }}
        />
      )}
    </div>
  )
}

interface MemberTableProps {
  readonly items: readonly Member[]
  readonly onEdit: ((member: Member) => void) | undefined
}

function MemberTable({ items, onEdit }: MemberTableProps) {
  const { t } = useTranslation()
  return (
    <Table
      label={t('members.title')}
      rows={items}
      keyOf={(member) => member.id}
      columns={[
        { key: 'name', title: t('members.person'), draw: (member) => member.displayName },
        {
          key: 'username',
          title: t('members.username'),
          draw: (member) => <code>{member.username}</code>,
        },
        {
          key: 'roles',
          title: t('members.roles'),
          draw: (member) => (
            <span className="row">
              {member.roles.map((role) => (
                <Badge key={role}>{t(`roles.${role}`)}</Badge>
              ))}
            </span>
          ),
        },
        {
          key: 'edit',
          title: '',
          draw: (member) =>
            onEdit === undefined ? null : (
              <Button
                size="small"
                aria-label={t('members.editOf', { name: member.displayName })}
                onClick={() => {
                  onEdit(member)
                }}
              >
                {t('members.edit')}
              </Button>
            ),
        },
      ]}
    />
  )
}

interface RolesDialogProps {
  readonly edited: Edited
  readonly isBusy: boolean
  readonly onChange: (edited: Edited) => void
  readonly onSave: () => void
  readonly onClose: () => void
}

function RolesDialog({ edited, isBusy, onChange, onSave, onClose }: RolesDialogProps) {
  const { t } = useTranslation()
  const isNew = edited.title === undefined
  const isNamed = Username.safeParse(edited.username).success
  return (
    <ConfirmDialog
      title={
        edited.title === undefined ? t('members.add') : t('members.editOf', { name: edited.title })
      }
      confirmLabel={t('members.save')}
      cancelLabel={t('cancel')}
      isBusy={isBusy}
      isBlocked={!isNamed || (isNew && edited.roles.length === 0)}
      onConfirm={onSave}
      onClose={onClose}
    >
      {isNew ? (
        <Field label={t('members.username')}>
          {(control) => (
            <input
              {...control}
              value={edited.username}
              maxLength={80}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => {
                onChange({ ...edited, username: event.target.value.trim() })
              }}
            />
          )}
        </Field>
      ) : null}
      <Checks
        label={t('members.roles')}
        options={ROLES}
        labelOf={(role) => t(`roles.${role}`)}
        value={edited.roles}
        onChange={(roles) => {
          onChange({ ...edited, roles })
        }}
      />
      {isNew ? null : <p className="muted small">{t('members.removeHint')}</p>}
    </ConfirmDialog>
  )
}
