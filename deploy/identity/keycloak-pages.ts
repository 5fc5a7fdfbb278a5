/**
 * The two small pages that keycloak-js embeds, at Keycloak's addresses: one tells whether cookies
 * reach an embedded page, the other whether the session is still the one the viewer knows. Both
 * read a cookie that scripts may see; it holds no secret: `realm/subject/session`.
 */
export const STATUS_COOKIE = 'KEYCLOAK_SESSION'

const PROBE = `
  document.cookie = 'pandok-probe=1; SameSite=Lax'
  const isSeen = document.cookie.includes('pandok-probe=1')
  document.cookie = 'pandok-probe=; Max-Age=0'
  parent.postMessage(isSeen ? 'supported' : 'unsupported', VIEWER)`

const STATUS = `
  addEventListener('message', (event) => {
    if (event.origin !== VIEWER || typeof event.data !== 'string') return
    const session = event.data.slice(event.data.indexOf(' ') + 1)
    const cookie = document.cookie.split('; ').find((each) => each.startsWith('${STATUS_COOKIE}='))
    const known = decodeURIComponent(cookie?.slice(cookie.indexOf('=') + 1) ?? '').split('/')[2]
    event.source.postMessage((known ?? '') === session ? 'unchanged' : 'changed', event.origin)
  })`

/** The page at `path` below `…/protocol/openid-connect`; undefined when there is none. */
export function keycloakPage(path: string, viewerOrigin: string): string | undefined {
  const script =
    path === '/3p-cookies/step1.html'
      ? PROBE
      : path === '/login-status-iframe.html'
        ? STATUS
        : undefined
  if (script === undefined) return undefined
  const constant = `const VIEWER = ${JSON.stringify(viewerOrigin)}`
  return `<!doctype html><meta charset="utf-8"><title>Pandok</title><script>${constant}${script}</script>`
}

/** Only the viewer embeds them. */
export function keycloakPageHeaders(viewerOrigin: string): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; script-src 'unsafe-inline'; frame-ancestors ${viewerOrigin}`,
  }
}
