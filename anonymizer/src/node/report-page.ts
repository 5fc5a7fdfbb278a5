/** The report as one HTML page that needs nothing else; holds no value of any input. */
import type { BatchSummary } from './batch-summary.ts'

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c2430; background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem }
dd { margin: 0; font-variant-numeric: tabular-nums }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #d8dee8;
  vertical-align: top }
td:last-child, th:last-child { text-align: right; font-variant-numeric: tabular-nums }
code { font-size: .9em }
@media (prefers-color-scheme: dark) { body { color: #dde4ee; background: #12161c }
  th, td { border-color: #2c3542 } }
`

const ACTIONS: Readonly<Record<string, string>> = {
  X: 'removed',
  Z: 'emptied',
  D: 'dummy value',
  U: 'new UID',
  P: 'pseudonym',
  K: 'kept, identifiers taken out',
  'C-date': 'date shifted',
  'C-age': 'ages over 89 in one class',
  'C-text': 'identifiers taken out',
  'C-content': 'cleaned by content',
  'C-pixels': 'pixels blanked',
}

export function reportPage(summary: BatchSummary): string {
  const { profile, counts, pixels, refusals, rows, isDryRun } = summary
  const byCode = new Map<string, number>()
  for (const { code } of refusals) byCode.set(code, (byCode.get(code) ?? 0) + 1)
  const facts: [string, string][] = [
    ['Profile', profile.label],
    ['', profile.description],
    ['Options', profile.options.join(', ') || 'none'],
    ['Digest of the profile', profile.sha256],
    ['Files', String(counts.inputs)],
    [isDryRun ? 'Would be written' : 'Written', String(counts.written)],
    ['Written before', String(counts.unchanged)],
    ['Refused', String(counts.refused)],
    ['Indexes of discs, passed over', String(counts.passedOver)],
    ['Subjects', String(counts.subjects)],
    ['Frames looked at for text', String(pixels.looked)],
  ]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>De-identification report</title>
<style>${STYLE}</style>
<h1>De-identification report${isDryRun ? ' (dry run: nothing was written)' : ''}</h1>
<dl>${facts.map(([name, text]) => `<dt>${escaped(name)}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>
<h2>Refused</h2>
${
  byCode.size === 0
    ? '<p>None.</p>'
    : table(
        ['Reason', 'Files'],
        [...byCode].map(([code, count]) => [`<code>${escaped(code)}</code>`, String(count)]),
      )
}
<h2>What was changed</h2>
${table(
  ['Attribute', 'Path', 'Action', 'Rule', 'Times'],
  rows.map((row) => [
    escaped(row.keyword),
    `<code>${escaped(row.path)}</code>`,
    ACTIONS[row.action] ?? escaped(row.action),
    escaped(row.rule),
    String(row.count),
  ]),
)}
</html>
`
}

/** Cells are HTML already. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`
  return `<table>${line(head, 'th')}${rows.map((row) => line(row, 'td')).join('\n')}</table>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
