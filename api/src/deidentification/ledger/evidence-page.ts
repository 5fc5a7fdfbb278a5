/** The evidence as one page for the members of a review board; holds no value of a patient. */
import type { EvidenceSummary } from './evidence-summary.ts'

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ccd}
td{font-variant-numeric:tabular-nums}code{overflow-wrap:anywhere}`

export function evidencePage(summary: EvidenceSummary): string {
  const { project, madeAt, terms, profiles, uploads, ledger, copies, sample } = summary
  const sum = (pick: (upload: EvidenceSummary['uploads'][number]) => number) =>
    uploads.reduce((total, upload) => total + pick(upload), 0)
  const held = copies.filter(({ destroyedOn }) => destroyedOn === null)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>De-identification of ${escaped(project)}: evidence</title>
<style>${STYLE}</style>
<h1>De-identification of ${escaped(project)}: evidence</h1>
<p>Made ${escaped(madeAt)}. The same facts for machines: evidence.json; the record itself: ledger.jsonl.</p>
<h2>Purpose, basis, period</h2>
${table([
  ['Purpose', `${terms.purpose}: ${terms.purposeDetail}`],
  ['Legal basis', terms.legalBasis],
  ['Copies may be kept', `${terms.retentionDays} days`],
  ...terms.warnings.map(({ code, message }) => [code, message]),
])}
<h2>Profiles</h2>
${table(
  profiles.map(({ version, label, digest, setAt }) => [`version ${version}`, label, setAt, digest]),
  ['Version', 'Profile', 'In force from', 'SHA-256 of profiles/'],
)}
<h2>What was scanned for what remains</h2>
${table([
  ['Files whose headers were checked element by element', String(sum(({ files }) => files))],
  ['Refused', String(sum(({ refused }) => Object.values(refused).reduce((a, b) => a + b, 0)))],
  [
    'Frames in which text was looked for',
    `${sum(({ pixels }) => pixels.looked)} of ${sum(({ pixels }) => pixels.frames)}`,
  ],
  ['Files with text in pixels', String(sum(({ pixels }) => pixels.filesWithText))],
  ['Files that could not be looked at', String(sum(({ pixels }) => pixels.filesNotLooked))],
  ['Cleared by a person', String(sum(({ pixels }) => pixels.cleared))],
  ['Taken out by a person', String(sum(({ pixels }) => pixels.refused))],
  ['Series that a person opened', String(sum(({ pixels }) => pixels.seriesOpenedByPersons))],
])}
<h2>Uploads</h2>
${table(
  uploads.map((upload) => [
    upload.startedAt,
    upload.status,
    `profile ${upload.profileVersion}, key ${upload.keyVersion}`,
    `${upload.clean} of ${upload.files} files, ${upload.subjects} subjects`,
    Object.entries(upload.refused)
      .map(([code, files]) => `${code} ${files}`)
      .join(', '),
  ]),
  ['Started', 'Status', 'With', 'Clean', 'Refused'],
)}
<h2>Ledger and copies</h2>
${table([
  ['Entries', String(ledger.entries)],
  ['Chain and signatures', ledger.isIntact ? 'hold' : 'DO NOT HOLD'],
  ['Anchor', ledger.anchor ?? 'none'],
  [
    'Copies with others',
    `${held.length}, of them overdue ${held.filter((c) => c.isOverdue).length}`,
  ],
  ['Copies destroyed', String(copies.length - held.length)],
])}
<p>sample/ has all header elements of ${sample} archived instances, chosen by hash.</p>
`
}

function table(rows: readonly (readonly string[])[], head?: readonly string[]): string {
  const cells = (tag: string, row: readonly string[]) =>
    `<tr>${row.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join('')}</tr>`
  const top = head === undefined ? '' : cells('th', head)
  return `<table>${top}${rows.map((row) => cells('td', row)).join('\n')}</table>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
