/**
 * Pulls studies from another DICOMweb server, one of those that the operator configured. What a search
 * shows identifies patients: it is on this page and nowhere else, and gone when the page is left.
 */
import type { PeerStudy } from '@pandok/contract'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { failureOf, QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { Button, EmptyState, LoadingState, showToast } from '../../ui/index.ts'
import { Found } from './Found.tsx'
import { Imports } from './Imports.tsx'
import { PAGE_SIZE, type Query, queryOf } from './peers.model.ts'
import { SearchForm } from './SearchForm.tsx'
import './peers.css'

export function PeersPage() {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const { projectKey } = project
  const peers = useQuery({
    queryKey: ['peers', projectKey],
    queryFn: () => session.client.listPeers({ params: { projectKey } }),
  })
  if (peers.isPending) return <LoadingState label={t('loading')} />
  if (peers.isError) return <QueryError error={peers.error} retry={() => void peers.refetch()} />
  const keys = peers.data.items.map(({ key }) => key)
  return (
    <div className="page">
      <header>
        <h1>{t('peers.title')}</h1>
        <p>{t('peers.promise')}</p>
      </header>
      {keys.length === 0 ? (
        <EmptyState title={t('peers.none')}>{t('peers.noneWhat')}</EmptyState>
      ) : (
        <Search key={projectKey} peerKeys={keys} />
      )}
      <Imports />
    </div>
  )
}

function Search({ peerKeys }: { peerKeys: readonly string[] }) {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const { projectKey } = project
  const queries = useQueryClient()
  const [asked, setAsked] = useState<Query>()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  /** The upload of each study that was begun from here. */
  const [begun, setBegun] = useState<ReadonlyMap<string, string>>(new Map())
  const peerKey = asked?.peerKey ?? ''
  const params = { projectKey, peerKey }
  const found = useInfiniteQuery({
    queryKey: ['peer-studies', asked],
    enabled: asked !== undefined,
    // Names of patients: nothing of it is kept, and each answer is somebody's asking.
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    retry: false,
    initialPageParam: 0,
    queryFn: ({ pageParam }) =>
      session.client.searchPeer({
        params,
        body: {
          ...(asked === undefined ? {} : queryOf(asked)),
          limit: PAGE_SIZE,
          offset: pageParam,
        },
      }),
    getNextPageParam: (last, pages) =>
      last.items.length < PAGE_SIZE ? undefined : pages.length * PAGE_SIZE,
  })
  const pull = useMutation({
    mutationFn: async (studies: readonly string[]) => {
      for (const studyInstanceUid of studies) {
        const { uploadId } = await session.client.importStudy({
          params,
          body: { studyInstanceUid },
        })
        setBegun((now) => new Map(now).set(studyInstanceUid, uploadId))
        setChosen((now) => new Set([...now].filter((each) => each !== studyInstanceUid)))
      }
    },
    onError: (error) => showToast(failureOf(error), 'bad'),
    onSettled: () => queries.invalidateQueries({ queryKey: ['peer-imports', projectKey] }),
  })
  const studies = uniqueOf(found.data?.pages.flatMap((page) => page.items) ?? [])
  return (
    <section className="stack">
      <SearchForm
        peerKeys={peerKeys}
        isBusy={found.isFetching}
        onSearch={(query) => {
          setChosen(new Set())
          setAsked(query)
        }}
      />
      {asked === undefined ? null : found.isPending ? (
        <LoadingState label={t('peers.searching')} />
      ) : found.isError && studies.length === 0 ? (
        <QueryError error={found.error} retry={() => void found.refetch()} />
      ) : studies.length === 0 ? (
        <EmptyState title={t('peers.nothing')} isSmall />
      ) : (
        <>
          <Found studies={studies} chosen={chosen} begun={begun} onChoose={setChosen} />
          <div className="row">
            <Button
              look="primary"
              disabled={chosen.size === 0 || pull.isPending}
              aria-busy={pull.isPending}
              onClick={() => pull.mutate([...chosen])}
            >
              {chosen.size === 0 ? t('peers.pullNone') : t('peers.pull', { count: chosen.size })}
            </Button>
            {found.hasNextPage ? (
              <Button disabled={found.isFetching} onClick={() => void found.fetchNextPage()}>
                {t('audit.more')}
              </Button>
            ) : null}
          </div>
        </>
      )}
    </section>
  )
}

/** A server that knows no offset answers the same again. */
const uniqueOf = (studies: readonly PeerStudy[]) => [
  ...new Map(studies.map((study) => [study.studyInstanceUid, study])).values(),
]
