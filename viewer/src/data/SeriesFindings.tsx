/** What is odd about a series, in words: a badge that says how bad it is, and the list behind it. */
import type { SeriesFinding } from '@pandok/contract'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { Badge } from '../ui/index.ts'

export interface SeriesFindingsProps {
  readonly findings: readonly SeriesFinding[]
  /** Of which series, where that is not clear from its place. */
  readonly name?: string
}

export function SeriesFindings({ findings, name }: SeriesFindingsProps) {
  const { t } = useTranslation()
  if (findings.length === 0) return null
  const isBlocked = findings.some(({ severity }) => severity === 'blocks-volume')
  return (
    <details className="findings">
      <summary>
        <Badge tone={isBlocked ? 'bad' : 'warn'}>
          {t(isBlocked ? 'findings.noVolume' : 'findings.note')}
        </Badge>{' '}
        <span className="muted small">
          {name === undefined ? '' : `${name} · `}
          {t('findings.number', { number: findings.length })}
        </span>
      </summary>
      <ul className="small">
        {findings.map((finding) => (
          <li key={finding.code}>{inWords(finding, t)}</li>
        ))}
      </ul>
    </details>
  )
}

function inWords(finding: SeriesFinding, t: TFunction): string {
  switch (finding.code) {
    case 'MISSING_PLANE':
      return t('findings.MISSING_PLANE', {
        planes: finding.planes,
        attributes: finding.attributes.join(', '),
      })
    case 'MIXED_SIZE':
      return t('findings.MIXED_SIZE', {
        sizes: finding.sizes
          .map(({ rows, columns, planes }) => `${columns} × ${rows} (${planes})`)
          .join(', '),
      })
    case 'SEVERAL_VOLUMES': {
      const { volumes, by, incomplete } = finding
      const words = { volumes, by: by.map((kind) => t(`findings.by.${kind}`)).join(', ') }
      const said = t('findings.SEVERAL_VOLUMES', words)
      return incomplete === 0 ? said : `${said} ${t('findings.incomplete', { incomplete })}`
    }
    default: {
      const { code, severity: _severity, ...numbers } = finding
      return t(`findings.${code}`, numbers)
    }
  }
}
