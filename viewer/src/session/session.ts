/** Who is signed in: keycloak-js with authorization code and PKCE; tokens live in memory only. */
import { type Client, createClient } from '@pandok/contract'
import Keycloak from 'keycloak-js'

export interface Session {
  readonly client: Client
  readonly getToken: () => Promise<string>
  readonly signOut: () => void
}

const MIN_VALIDITY_SECONDS = 30

/** Leads to the sign-in page when nobody is signed in; then it never resolves. */
export async function openSession(): Promise<Session> {
  const open = createClient({ baseUrl: '', getToken: () => Promise.resolve(undefined) })
  const { oidc } = await open.getConfig({ params: {} })
  const keycloak = new Keycloak(oidc)
  await keycloak.init({ onLoad: 'login-required', pkceMethod: 'S256', checkLoginIframe: false })
  const getToken = async (): Promise<string> => {
    try {
      await keycloak.updateToken(MIN_VALIDITY_SECONDS)
    } catch {
      await keycloak.login()
    }
    return keycloak.token ?? ''
  }
  return {
    getToken,
    client: createClient({ baseUrl: '', getToken }),
    signOut: () => {
      void keycloak.logout({ redirectUri: `${location.origin}/` })
    },
  }
}
