/** Starts the viewer: language, sign-in, then the pages. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import { startLanguages } from './i18n/index.ts'
import { openSession } from './session/session.ts'
import './ui/theme.css'
import './ui/controls.css'
import './ui/layout.css'

const element = document.getElementById('root')
if (element === null) throw new Error('index.html has no #root')
const root = createRoot(element)

try {
  await startLanguages()
  const session = await openSession()
  const queries = new QueryClient({ defaultOptions: { queries: { retry: 1, staleTime: 2_000 } } })
  root.render(
    <QueryClientProvider client={queries}>
      <App session={session} />
    </QueryClientProvider>,
  )
} catch {
  // Before the languages and the session are there, only plain words can be shown.
  root.render(
    <p role="alert" style={{ padding: 32 }}>
      Pandok could not start. Reload the page. · Pandok을 시작하지 못했습니다. 새로 고침하세요.
    </p>,
  )
}
