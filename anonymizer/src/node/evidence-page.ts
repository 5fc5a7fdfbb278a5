/** The cover of an evidence pack and the pages of its sample: HTML that needs nothing else and prints. */

import { anchorOf } from '../ledger/chain.ts'
import type { Entry, FactOf } from '../ledger/entry.ts'
import type { BatchSummary } from './batch-summary.ts'
import type { Residual, Sampled } from './evidence-scan.ts'
import { type Language, WORDS, type Word, word } from './evidence-words.ts'
import { FORMS } from './raw-scan.ts'

export interface Evidence {
  readonly summary: BatchSummary
  readonly reportSha256: string
  /** ISO 8601. */
  readonly made: string
  readonly run: (Entry & FactOf<'deidentified'>) | undefined
  /** The last entry of the ledger. */
  readonly head: Entry | undefined
  readonly missing: number
  readonly others: number
  readonly residual: Residual
  readonly searched: number
  readonly tooShort: number
  readonly samples: readonly Sampled[]
}

const STYLE = `
@page { size: A4; margin: 16mm 14mm }
body { font: 14px/1.55 'Noto Sans KR', 'Malgun Gothic', 'Apple SD Gothic Neo', system-ui, sans-serif;
  max-width: 56rem; margin: 2.5rem auto; padding: 0 1.5rem; color: #17202c; background: #fff;
  word-break: keep-all; overflow-wrap: anywhere }
header { border-bottom: 3px solid #1d4f7c; padding-bottom: .8rem; margin-bottom: 1.4rem }
h1 { font-size: 1.7rem; margin: 0; letter-spacing: -.01em } header p { margin: .2rem 0 0; color: #506073 }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; color: #1d4f7c; break-after: avoid }
dl { display: grid; grid-template-columns: 15rem 1fr; gap: .25rem 1rem; margin: 0 }
dt { color: #506073 } dd { margin: 0 }
table { border-collapse: collapse; width: 100%; margin: .4rem 0 }
th { text-align: left; font-weight: 600; border-bottom: 1.5px solid #8fa2b5; padding: .3rem .6rem .3rem 0 }
td { padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #dde4ec; vertical-align: top }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-right: 0 }
tr { break-inside: avoid } code { font: .88em ui-monospace, 'D2Coding', monospace }
.verdict { border-left: 5px solid #1c7a4a; background: #eef7f1; padding: .6rem 1rem; font-weight: 600 }
.verdict.bad { border-color: #b3261e; background: #fcefee }
.sign td { height: 2.3rem; border: 1px solid #8fa2b5 } .sign th { border: 1px solid #8fa2b5; padding: .3rem .6rem }
.tag { white-space: nowrap }
.note { color: #506073 } nav { float: right }
`

export function coverPage(evidence: Evidence, language: Language): string {
  const { summary, run, head, residual } = evidence
  const say = (name: Word) => escaped(word(name, language))
  const { counts, profile } = summary
  const facts: [Word, string][] = [
    [
      'purpose',
      run === undefined ? say('notRecorded') : `${say(run.purpose)}: ${escaped(run.about)}`,
    ],
    ['basis', run === undefined ? say('notRecorded') : escaped(run.basis)],
    ['recipient', run === undefined ? say('notRecorded') : escaped(run.recipient)],
    ['period', run === undefined ? say('notRecorded') : `${run.from} – ${run.until}`],
    ['profile', escaped(profile.label)],
    ['options', escaped(profile.options.join(', ')) || say('none')],
    ['profileDigest', code(profile.sha256)],
    ['reportDigest', code(evidence.reportSha256)],
    ['key', code(summary.key)],
    ['anchor', head === undefined ? say('notRecorded') : code(anchorOf(head))],
    ['made', escaped(evidence.made)],
  ]
  const numbers: [Word, number][] = [
    ['inputs', counts.inputs],
    ['written', counts.written],
    ['unchanged', counts.unchanged],
    ['refused', counts.refused],
    ['passedOver', counts.passedOver],
    ['subjects', counts.subjects],
    ['missing', evidence.missing],
    ['others', evidence.others],
  ]
  const refusals = new Map<string, number>()
  for (const each of summary.refusals) refusals.set(each.code, (refusals.get(each.code) ?? 0) + 1)
  const isClean = residual.withFindings === 0
  const other = language === 'ko' ? 'en' : 'ko'
  const body = `<nav><a href="index.${other}.html">${other === 'ko' ? '한국어' : 'English'}</a></nav>
<header><h1>${say('title')}</h1><p>${say('subtitle')}</p></header>
<dl>${facts.map(([name, text]) => `<dt>${say(name)}</dt><dd>${text}</dd>`).join('')}</dl>
<h2>${say('counts')}</h2>
${table(
  [say('item'), say('count')],
  numbers.map(([name, count]) => [say(name), count]),
)}
${
  refusals.size === 0
    ? ''
    : table(
        [say('reason'), say('files')],
        [...refusals].map(([each, count]) => [code(each), count]),
      )
}
<h2>${say('rules')}</h2>
${table([say('action'), say('attributes'), say('times')], actionsOf(summary, language))}
<h2>${say('residual')}</h2>
<p class="verdict${isClean ? '' : ' bad'}">${say(isClean ? 'clean' : 'found')}</p>
<p>${say('residualHow')}</p>
${table([say('what'), say('count')], residualRows(evidence, language))}
<h2>${say('sample')}</h2>
<p>${say('sampleHow')}</p>
<ol>${evidence.samples.map(({ output }, at) => `<li><a href="${sampleName(at)}">${code(output)}</a></li>`).join('')}</ol>
<h2>${say('verdict')}</h2>
<table class="sign"><tr>${(['member', 'affiliation', 'opinion', 'signed'] as const).map((name) => `<th>${say(name)}</th>`).join('')}</tr>
${'<tr><td></td><td></td><td></td><td></td></tr>'.repeat(5)}</table>
<p class="note">${say('contents')}</p>`
  return page(body, word('title', language), language)
}

export function sampleName(at: number): string {
  return `sample/${String(at + 1).padStart(3, '0')}.html`
}

/** In both languages: its values are the same. */
export function samplePage({ output, rows }: Sampled): string {
  const both = (name: Word) => escaped(WORDS[name].join(' / '))
  const lines = rows.map(
    ({ depth, tag, keyword, vr, text }) =>
      `<tr><td class="tag" style="padding-left:${depth * 1.2}rem">${code(`(${tag.slice(0, 4)},${tag.slice(4)})`)}</td><td>${escaped(keyword)}</td><td>${vr}</td><td>${escaped(text)}</td></tr>`,
  )
  const head = [both('tag'), both('keyword'), 'VR', both('value')]
  const body = `<header><h1>${both('sample')}</h1><p>${code(output)}</p></header>
<table><tr>${head.map((each) => `<th>${each}</th>`).join('')}</tr>${lines.join('\n')}</table>`
  return page(body, output, 'ko')
}

function actionsOf({ rows }: BatchSummary, language: Language): [string, number, number][] {
  const sums = new Map<string, { paths: Set<string>; times: number }>()
  for (const { action, path, count } of rows) {
    const sum = sums.get(action) ?? { paths: new Set(), times: 0 }
    sum.paths.add(path)
    sum.times += count
    sums.set(action, sum)
  }
  return [...sums]
    .sort(([, a], [, b]) => b.times - a.times)
    .map(([action, { paths, times }]) => [
      isWord(action) ? escaped(word(action, language)) : code(action),
      paths.size,
      times,
    ])
}

function residualRows(evidence: Evidence, language: Language): [string, number][] {
  const { residual, searched, tooShort } = evidence
  const { raw, codes } = residual
  const say = (name: Word) => escaped(word(name, language))
  return [
    [say('scanned'), residual.files],
    [say('withFindings'), residual.withFindings],
    ...Object.entries(codes).map(([each, count]): [string, number] => [
      `${say('contradicts')}: ${code(each)}`,
      count,
    ]),
    [say('email'), raw.email],
    [say('residentNumber'), raw.residentNumber],
    [say('phone'), raw.phone],
    ...FORMS.map((form): [string, number] => [say(form), raw.listed[form]]),
    [say('inflated'), raw.inflated],
    [say('searched'), searched],
    [say('tooShort'), tooShort],
  ]
}

function isWord(name: string): name is Word {
  return Object.hasOwn(WORDS, name)
}

function page(body: string, title: string, language: Language): string {
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
${body}
</html>
`
}

/** The first cell is HTML already, the others are numbers. */
function table(head: readonly string[], rows: readonly (readonly [string, ...number[]])[]): string {
  const cells = (texts: readonly string[], kind: 'th' | 'td') =>
    texts.map((text, at) => `<${kind}${at > 0 ? ' class="number"' : ''}>${text}</${kind}>`).join('')
  const lines = rows.map(([first, ...numbers]) => {
    const texts = [first, ...numbers.map((each) => each.toLocaleString('en'))]
    return `<tr>${cells(texts, 'td')}</tr>`
  })
  return `<table><tr>${cells(head, 'th')}</tr>${lines.join('\n')}</table>`
}

function code(text: string): string {
  return `<code>${escaped(text)}</code>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
