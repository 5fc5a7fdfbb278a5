/** A table of thousands of rows of one height; only those in sight are drawn. */
import { useState } from 'react'
import type { Column } from './Table.tsx'

const ROW_PX = 34
const SPARE_ROWS = 12

export interface VirtualTableProps<Row> {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly heightPx: number
}

export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { label, columns, rows, keyOf, heightPx } = props
  const [top, setTop] = useState(0)
  const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS)
  const last = Math.min(rows.length, Math.ceil((top + heightPx) / ROW_PX) + SPARE_ROWS)
  return (
    <div
      className="table-wrap"
      style={{ maxHeight: heightPx }}
      onScroll={(event) => {
        setTop(event.currentTarget.scrollTop)
      }}
      tabIndex={0}
    >
      <table className="table" aria-label={label} aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={column.isNumber ? 'num' : undefined}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer rows={first} columns={columns.length} />
          {rows.slice(first, last).map((row, index) => (
            <tr key={keyOf(row)} aria-rowindex={first + index + 2} style={{ height: ROW_PX }}>
              {columns.map((column) => (
                <td key={column.key} className={column.isNumber ? 'num' : undefined}>
                  {column.draw(row)}
                </td>
              ))}
            </tr>
          ))}
          <Spacer rows={rows.length - last} columns={columns.length} />
        </tbody>
      </table>
    </div>
  )
}

function Spacer({ rows, columns }: { rows: number; columns: number }) {
  if (rows <= 0) return null
  return (
    <tr aria-hidden="true">
      <td colSpan={columns} style={{ height: rows * ROW_PX, padding: 0 }} />
    </tr>
  )
}
