/** The session and the person, for every page. */
import type { Membership, Operations, OutputOf } from '@pandok/contract'
import { createContext, useContext } from 'react'
import type { Session } from './session.ts'

type Me = OutputOf<Operations['getMe']>

export interface SessionContext {
  readonly session: Session
  readonly me: Me
  readonly project: Membership
  /** Those one is a member of; for an administrator all, without roles in the others. */
  readonly projects: readonly Membership[]
  readonly chooseProject: (projectKey: string) => void
}

export const SessionContext = createContext<SessionContext | undefined>(undefined)

export function useSession(): SessionContext {
  const context = useContext(SessionContext)
  if (context === undefined) throw new Error('there is no session around this component')
  return context
}
