/** Everything beside the images: tools, segments, measurements, reviews, submit or verdict. */
import { type Pin, RETURN_REASONS, type ReturnReason, type SeriesGeometry } from '@pandok/contract'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { Reading, TaskDetail } from '../../bridge/use-reading.ts'
import { codeOf } from '../../data/QueryError.tsx'
import {
  type ReadingEngine,
  type Tool,
  WINDOW_PRESETS,
  type WindowPreset,
} from '../../imaging/index.ts'
import { useSession } from '../../session/context.ts'
import { Badge, Button, ConfirmDialog, Field, showToast } from '../../ui/index.ts'

const EDIT_TOOLS: readonly (readonly [Tool, string])[] = [
  ['window-level', 'w'],
  ['brush', 'b'],
  ['eraser', 'e'],
  ['length', 'm'],
  ['pan', 'p'],
]
const REVIEW_TOOLS: readonly (readonly [Tool, string])[] = [
  ['window-level', 'w'],
  ['pan', 'p'],
  ['comment', 'c'],
]
const PRESETS = Object.keys(WINDOW_PRESETS) as WindowPreset[]
const MAX_COMMENT = 1000

export interface PanelProps {
  readonly task: TaskDetail
  readonly geometry: SeriesGeometry
  readonly reading: Reading
  readonly engine: ReadingEngine
}

export function ReadingPanel({ task, geometry, reading, engine }: PanelProps) {
  const { t, i18n } = useTranslation()
  const { state } = reading
  const tools = task.canEdit ? EDIT_TOOLS : REVIEW_TOOLS
  const [tool, setTool] = useState<Tool>('window-level')
  const [radius, setRadius] = useState(6)
  const [segment, setSegment] = useState(task.segments[0]?.number ?? 1)
  const [isVisible, setIsVisible] = useState(true)
  const [pins, setPins] = usePins(task.id)
  const isReview = task.kind !== 'annotate' && task.assignment !== null
  const earlier = task.reviews.flatMap((review) => review.pins)

  useEffect(() => {
    engine.setTool(tool)
  }, [engine, tool])
  useEffect(() => {
    engine.setBrushRadius(radius)
  }, [engine, radius])
  useEffect(() => {
    engine.setSegment(segment)
  }, [engine, segment])
  useEffect(() => {
    engine.setSegmentationVisible(isVisible)
  }, [engine, isVisible])
  useEffect(() => {
    const shown = isReview ? pins : earlier
    engine.showPins(
      shown.map((pin, at) => ({ id: String(at), label: String(at + 1), pointMm: pin.pointMm })),
    )
  })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target } = event
      if (target instanceof HTMLElement && target.closest('input, select, textarea, dialog')) return
      const isCommand = event.ctrlKey || event.metaKey
      const chosen = tools.find(([, key]) => key === event.key)
      if (isCommand && event.key === 'z') engine.undo()
      else if (isCommand && event.key === 'y') engine.redo()
      else if (isCommand) return
      else if (chosen !== undefined) setTool(chosen[0])
      else if (event.key === '[') setRadius((old) => Math.max(1, old - 1))
      else if (event.key === ']') setRadius((old) => Math.min(40, old + 1))
      else if (event.key === '1') engine.setWindow('lung')
      else if (event.key === '2') engine.setWindow('mediastinum')
      else if (event.key === '3') engine.setWindow('bone')
      else if (event.key === 'v') setIsVisible((old) => !old)
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => {
      window.removeEventListener('keydown', onKey)
    }
  }, [engine, tools])

  const voxelMl =
    (geometry.rowSpacingMm * geometry.columnSpacingMm * geometry.sliceSpacingMm) / 1000
  return (
    <>
      <div className="row spread">
        <h2>{task.pseudonym}</h2>
        {task.canEdit ? <SaveBadge reading={reading} /> : <Badge>{t('reading.readOnly')}</Badge>}
      </div>
      {state.isStoreLost ? (
        <p className="notice warn small" role="alert">
          {t('reading.noStore')}
        </p>
      ) : null}
      <div className="row" role="toolbar" aria-label={t('reading.toolbar')}>
        {tools.map(([each, key]) => (
          <Button
            key={each}
            size="small"
            shortcut={key}
            look={tool === each ? 'primary' : 'plain'}
            aria-pressed={tool === each}
            onClick={() => {
              setTool(each)
            }}
          >
            {t(`reading.tools.${each}`)}
          </Button>
        ))}
      </div>
      <div className="row">
        {PRESETS.map((preset, at) => (
          <Button
            key={preset}
            size="small"
            shortcut={String(at + 1)}
            onClick={() => {
              engine.setWindow(preset)
            }}
          >
            {t(`reading.presets.${preset}`)}
          </Button>
        ))}
      </div>
      {task.canEdit ? (
        <>
          <Field label={t('reading.radius', { mm: radius })}>
            {(control) => (
              <input
                {...control}
                type="range"
                min={1}
                max={40}
                value={radius}
                onChange={(event) => {
                  setRadius(Number(event.target.value))
                }}
              />
            )}
          </Field>
          <div className="row">
            <Button size="small" disabled={!state.history.canUndo} onClick={engine.undo}>
              {t('reading.undo')}
            </Button>
            <Button size="small" disabled={!state.history.canRedo} onClick={engine.redo}>
              {t('reading.redo')}
            </Button>
          </div>
        </>
      ) : null}
      <section className="stack">
        <h3>{t('reading.segments')}</h3>
        {task.segments.map((each) => (
          <label key={each.number} className="check">
            <input
              type="radio"
              name="segment"
              checked={segment === each.number}
              disabled={!task.canEdit}
              onChange={() => {
                setSegment(each.number)
              }}
            />
            <span className="swatch" style={{ background: `rgb(${each.rgb.join(' ')})` }} />
            {i18n.language === 'ko' ? each.labelKo : each.labelEn}
            <span className="muted num" data-testid={`volume-${each.number}`}>
              {t('reading.volume', {
                ml: ((state.voxels.get(each.number) ?? 0) * voxelMl).toFixed(2),
              })}
            </span>
          </label>
        ))}
        <label className="check">
          <input
            type="checkbox"
            checked={isVisible}
            onChange={(event) => {
              setIsVisible(event.target.checked)
            }}
          />
          {t('reading.show')}
        </label>
      </section>
      <section className="stack">
        <h3>{t('reading.lengths')}</h3>
        {state.lengths.map((length) => (
          <Button
            key={length.id}
            size="small"
            onClick={() => {
              engine.jumpTo([...length.pointsMm[0]])
            }}
          >
            <span data-testid="length">{distance(length.pointsMm).toFixed(1)} mm</span>
          </Button>
        ))}
      </section>
      <Reviews task={task} engine={engine} />
      {isReview ? (
        <Verdict task={task} reading={reading} pins={pins} setPins={setPins} engine={engine} />
      ) : null}
      {task.canEdit ? <Submit task={task} reading={reading} /> : null}
    </>
  )
}

function SaveBadge({ reading }: { reading: Reading }) {
  const { t } = useTranslation()
  const { save } = reading.state
  switch (save.kind) {
    case 'saved':
      return <Badge tone="ok">{t('reading.saved')}</Badge>
    case 'saving':
      return <Badge tone="active">{t('reading.saving', { count: save.waiting })}</Badge>
    case 'offline':
      return <Badge tone="warn">{t('reading.offline', { count: save.waiting })}</Badge>
    case 'refused':
      return <Badge tone="bad">{t('reading.refused', { code: save.code })}</Badge>
  }
}

function Reviews({ task, engine }: { task: TaskDetail; engine: ReadingEngine }) {
  const { t } = useTranslation()
  if (task.reviews.length === 0) return null
  return (
    <section className="stack">
      <h3>{t('reading.reviews')}</h3>
      {task.reviews.map((review) => (
        <div key={review.id} className="panel small">
          <div className="row spread">
            <Badge tone={review.verdict === 'accept' ? 'ok' : 'warn'}>
              {t(`reading.${review.verdict}`)}
            </Badge>
            <span className="muted">{t(`kinds.${review.kind}`)}</span>
          </div>
          {review.reason === null ? null : <strong>{t(`reasons.${review.reason}`)}</strong>}
          {review.comment === null ? null : <p>{review.comment}</p>}
          {review.pins.map((pin, at) => (
            <Button
              key={pin.id}
              size="small"
              onClick={() => {
                engine.jumpTo(pin.pointMm)
              }}
            >
              {at + 1}. {pin.text}
            </Button>
          ))}
        </div>
      ))}
    </section>
  )
}

function Submit({ task, reading }: { task: TaskDetail; reading: Reading }) {
  const { t } = useTranslation()
  const { session } = useSession()
  const navigate = useNavigate()
  const [isAsked, setIsAsked] = useState(false)
  const submit = useMutation({
    mutationFn: async () => {
      await reading.flushed()
      await session.client.submitTask({
        params: { taskId: task.id },
        body: { assignmentId: task.assignment?.id ?? '' },
      })
    },
    onSuccess: async () => {
      showToast(t('reading.submitted'))
      await navigate('/worklist')
    },
    onError: (error) => {
      setIsAsked(false)
      showToast(`${t('failed')}: ${codeOf(error)}`, 'bad')
    },
  })
  return (
    <>
      <Button look="primary" onClick={() => setIsAsked(true)}>
        {t('reading.submit')}
      </Button>
      {isAsked ? (
        <ConfirmDialog
          title={t('reading.submit')}
          confirmLabel={t('reading.submit')}
          cancelLabel={t('cancel')}
          isBusy={submit.isPending}
          onConfirm={submit.mutate}
          onClose={() => {
            setIsAsked(false)
          }}
        >
          <p>{t('reading.submitAsk')}</p>
        </ConfirmDialog>
      ) : null}
    </>
  )
}

interface VerdictProps {
  readonly task: TaskDetail
  readonly reading: Reading
  readonly engine: ReadingEngine
  readonly pins: readonly Pin[]
  readonly setPins: (pins: readonly Pin[]) => void
}

function Verdict({ task, reading, pins, setPins, engine }: VerdictProps) {
  const { t } = useTranslation()
  const { session } = useSession()
  const navigate = useNavigate()
  const [asked, setAsked] = useState<'accept' | 'return'>()
  const [{ reason, comment }, setDraft] = useVerdictDraft(task.id)
  const [pinText, setPinText] = useState('')
  const { comment: placed } = reading.state
  const decide = useMutation({
    mutationFn: (verdict: 'accept' | 'return') =>
      session.client.decideReview({
        params: { taskId: task.id },
        body: {
          assignmentId: task.assignment?.id ?? '',
          verdict,
          pins: verdict === 'return' ? [...pins] : [],
          ...(verdict === 'return' && reason !== '' ? { reason, comment } : {}),
        },
      }),
    onSuccess: async () => {
      setPins([])
      setDraft(NO_DRAFT)
      showToast(t('reading.decided'))
      await navigate('/worklist')
    },
    onError: (error) => {
      setAsked(undefined)
      showToast(`${t('failed')}: ${codeOf(error)}`, 'bad')
    },
  })
  return (
    <section className="stack">
      <h3>{t('reading.pins')}</h3>
      {pins.map((pin, at) => (
        <div key={`${pin.sopInstanceUid} ${pin.pointMm.join(' ')}`} className="row spread">
          <Button size="small" onClick={() => engine.jumpTo(pin.pointMm)}>
            {at + 1}. {pin.text}
          </Button>
          <Button
            size="small"
            look="quiet"
            aria-label={t('reading.remove')}
            onClick={() => {
              setPins(pins.filter((each) => each !== pin))
            }}
          >
            ×
          </Button>
        </div>
      ))}
      {placed === undefined ? null : (
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault()
            if (pinText.trim() === '') return
            const { sopInstanceUid, pointMm } = placed
            setPins([...pins, { text: pinText.trim(), sopInstanceUid, pointMm }])
            setPinText('')
            reading.clearComment()
          }}
        >
          <input
            className="input"
            aria-label={t('reading.pinText')}
            placeholder={t('reading.pinText')}
            value={pinText}
            maxLength={MAX_COMMENT}
            onChange={(event) => {
              setPinText(event.target.value)
            }}
          />
          <Button type="submit" size="small">
            {t('reading.addPin')}
          </Button>
        </form>
      )}
      <div className="row">
        <Button look="primary" onClick={() => setAsked('accept')}>
          {t('reading.accept')}
        </Button>
        <Button look="danger" onClick={() => setAsked('return')}>
          {t('reading.return')}
        </Button>
      </div>
      {asked === undefined ? null : (
        <ConfirmDialog
          title={t(`reading.${asked}`)}
          confirmLabel={t(`reading.${asked}`)}
          cancelLabel={t('cancel')}
          isDanger={asked === 'return'}
          isBusy={decide.isPending}
          isBlocked={asked === 'return' && (reason === '' || comment.trim() === '')}
          onConfirm={() => {
            decide.mutate(asked)
          }}
          onClose={() => {
            setAsked(undefined)
          }}
        >
          {asked === 'accept' ? (
            <p>{t('reading.acceptAsk')}</p>
          ) : (
            <>
              <Field label={t('reading.reason')}>
                {(control) => (
                  <select
                    {...control}
                    value={reason}
                    onChange={(event) => {
                      const { value } = event.target
                      setDraft({
                        comment,
                        reason: RETURN_REASONS.find((each) => each === value) ?? '',
                      })
                    }}
                  >
                    <option value="" />
                    {RETURN_REASONS.map((each) => (
                      <option key={each} value={each}>
                        {t(`reasons.${each}`)}
                      </option>
                    ))}
                  </select>
                )}
              </Field>
              <Field
                label={t('reading.comment')}
                hint={t('reading.left', { count: MAX_COMMENT - comment.length })}
              >
                {(control) => (
                  <textarea
                    {...control}
                    rows={4}
                    maxLength={MAX_COMMENT}
                    value={comment}
                    onChange={(event) => {
                      setDraft({ reason, comment: event.target.value })
                    }}
                  />
                )}
              </Field>
            </>
          )}
        </ConfirmDialog>
      )}
    </section>
  )
}

interface VerdictDraft {
  readonly reason: ReturnReason | ''
  readonly comment: string
}

const NO_DRAFT: VerdictDraft = { reason: '', comment: '' }

/** The words of a verdict in the making outlive the page too. */
function useVerdictDraft(taskId: string): [VerdictDraft, (draft: VerdictDraft) => void] {
  const key = `pandok.verdict.${taskId}`
  const [draft, setDraft] = useState<VerdictDraft>(() => {
    const stored = localStorage.getItem(key)
    return stored === null ? NO_DRAFT : (JSON.parse(stored) as VerdictDraft)
  })
  return [
    draft,
    (next) => {
      if (next === NO_DRAFT) localStorage.removeItem(key)
      else localStorage.setItem(key, JSON.stringify(next))
      setDraft(next)
    },
  ]
}

/** The pins of a verdict in the making outlive the page. */
function usePins(taskId: string): [readonly Pin[], (pins: readonly Pin[]) => void] {
  const key = `pandok.pins.${taskId}`
  const [pins, setPins] = useState<readonly Pin[]>(
    () => JSON.parse(localStorage.getItem(key) ?? '[]') as Pin[],
  )
  return [
    pins,
    (next) => {
      if (next.length === 0) localStorage.removeItem(key)
      else localStorage.setItem(key, JSON.stringify(next))
      setPins(next)
    },
  ]
}

function distance([a, b]: readonly [readonly number[], readonly number[]]): number {
  return Math.hypot(...a.map((value, axis) => value - (b[axis] ?? 0)))
}
