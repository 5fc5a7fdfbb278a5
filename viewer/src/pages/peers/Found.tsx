/** The studies that a peer has, to choose from. */
import type { PeerStudy } from '@pandok/contract'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Table } from '../../ui/index.ts'
import { dateOf, nameOf } from './peers.model.ts'

export function Found(props: {
  readonly studies: readonly PeerStudy[]
  readonly chosen: ReadonlySet<string>
  /** The uploads of those that are pulled already. */
  readonly begun: ReadonlyMap<string, string>
  readonly onChoose: (chosen: ReadonlySet<string>) => void
}) {
  const { studies, chosen, begun, onChoose } = props
  const { t, i18n } = useTranslation()
  const number = new Intl.NumberFormat(i18n.language)
  const toggle = (uid: string) => {
    const next = new Set(chosen)
    if (!next.delete(uid)) next.add(uid)
    onChoose(next)
  }
  return (
    <Table
      label={t('peers.found')}
      rows={studies}
      keyOf={(study) => study.studyInstanceUid}
      maxHeight="50vh"
      columns={[
        {
          key: 'choose',
          title: '',
          draw: ({ studyInstanceUid: uid, patientId, studyDate }) => {
            const uploadId = begun.get(uid)
            if (uploadId !== undefined) {
              return <Link to={`/uploads/${uploadId}`}>{t('peers.pulled')}</Link>
            }
            return (
              <input
                type="checkbox"
                aria-label={t('peers.choose', { patientId, date: dateOf(studyDate) })}
                checked={chosen.has(uid)}
                onChange={() => toggle(uid)}
              />
            )
          },
        },
        { key: 'id', title: t('peers.patientId'), draw: ({ patientId }) => patientId },
        { key: 'name', title: t('peers.patientName'), draw: (study) => nameOf(study.patientName) },
        {
          key: 'date',
          title: t('peers.date'),
          draw: ({ studyDate }) => <span className="num nowrap">{dateOf(studyDate)}</span>,
        },
        {
          key: 'what',
          title: t('peers.description'),
          draw: ({ modalities, studyDescription }) =>
            [modalities.join(' '), studyDescription].filter(Boolean).join(' · '),
        },
        {
          key: 'images',
          title: t('peers.images'),
          isNumber: true,
          draw: ({ instances }) => (instances === null ? '' : number.format(instances)),
        },
      ]}
    />
  )
}
