/** The person of a left join in a row, as the contract shows persons. */
export function personOf(row: {
  person_id: string | null
  username: string | null
  display_name: string | null
}) {
  const { person_id: id, username, display_name: displayName } = row
  return id === null || username === null || displayName === null
    ? null
    : { id, username, displayName }
}
