/** CSV as RFC 4180 says, and safe to open in a spreadsheet: no cell can be a formula. */

export type Cell = string | number | null

/** Rows end in CRLF; null is an empty cell. */
export function encodeCsv(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [header, ...rows].map((row) => `${row.map(encodeCell).join(',')}\r\n`).join('')
}

function encodeCell(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
