/** Everything beside the images: tools, segments, measurements, reviews, submit or verdict. */
import type { SeriesGeometry } from '@pandok/contract'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { keyOf } from '../../bridge/reading-keys.ts'
import { useCommands } from '../../bridge/use-commands.ts'
import type { Reading, TaskDetail } from '../../bridge/use-reading.ts'
import { SeriesFindings } from '../../data/SeriesFindings.tsx'
import {
  type Plane,
  type ReadingEngine,
  START_OPACITY,
  type Tool,
  WINDOW_PRESETS,
  type WindowPreset,
} from '../../imaging/index.ts'
import { Badge, Button, Field } from '../../ui/index.ts'
import { HandIn } from './HandIn.tsx'
import { usePins, Verdict } from './Verdict.tsx'

const LOOK_TOOLS: readonly Tool[] = ['window-level', 'pan', 'crosshair']
const EDIT_TOOLS: readonly Tool[] = [...LOOK_TOOLS, 'brush', 'eraser', 'length']
const REVIEW_TOOLS: readonly Tool[] = [...LOOK_TOOLS, 'comment']
const PRESETS = Object.keys(WINDOW_PRESETS) as WindowPreset[]
const RADIUS_MM = { start: 6, least: 1, most: 40 } as const

export interface PanelProps {
  readonly task: TaskDetail
  readonly geometry: SeriesGeometry
  readonly reading: Reading
  readonly engine: ReadingEngine
  readonly maximise: (plane: Plane) => void
}

export function ReadingPanel({ task, geometry, reading, engine, maximise }: PanelProps) {
  const { t, i18n } = useTranslation()
  const { state } = reading
  const isReview = task.kind !== 'annotate' && task.assignment !== null
  const tools = task.canEdit ? EDIT_TOOLS : isReview ? REVIEW_TOOLS : LOOK_TOOLS
  const [tool, setTool] = useState<Tool>('window-level')
  const [radius, setRadius] = useState<number>(RADIUS_MM.start)
  const [segment, setSegment] = useState(task.segments[0]?.number ?? 1)
  const [isVisible, setIsVisible] = useState(true)
  const [opacity, setOpacity] = useState(START_OPACITY)
  const [pins, setPins] = usePins(task.id)
  const earlier = task.reviews.flatMap((review) => review.pins)
  const run = useCommands(task.canEdit, {
    setTool: (chosen) => {
      if (tools.includes(chosen.tool)) setTool(chosen.tool)
    },
    setWindow: ({ preset }) => {
      engine.setWindow(preset)
    },
    changeRadius: ({ by }) => {
      setRadius((old) => Math.min(RADIUS_MM.most, Math.max(RADIUS_MM.least, old + by)))
    },
    toggleSegmentation: () => {
      setIsVisible((old) => !old)
    },
    maximise: ({ plane }) => {
      maximise(plane)
    },
    undo: engine.undo,
    redo: engine.redo,
  })

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
    engine.setSegmentationOpacity(opacity)
  }, [engine, opacity])
  useEffect(() => {
    const shown = isReview ? pins : earlier
    engine.showPins(
      shown.map((pin, at) => ({ id: String(at), label: String(at + 1), pointMm: pin.pointMm })),
    )
  })

  const voxelMl =
    (geometry.rowSpacingMm * geometry.columnSpacingMm * geometry.sliceSpacingMm) / 1000
  return (
    <>
      <div className="row spread">
        <h2>{task.pseudonym}</h2>
        {task.canEdit ? <SaveBadge reading={reading} /> : <Badge>{t('reading.readOnly')}</Badge>}
      </div>
      {[geometry, ...task.series.filter((series) => series !== geometry)].map((series) => (
        <SeriesFindings
          key={series.seriesInstanceUid}
          findings={series.findings}
          name={`${series.modality} ${series.seriesDescription ?? ''}`.trim()}
        />
      ))}
      {state.isStoreLost ? (
        <p className="notice warn small" role="alert">
          {t('reading.noStore')}
        </p>
      ) : null}
      <div className="row" role="toolbar" aria-label={t('reading.toolbar')}>
        {tools.map((each) => (
          <Button
            key={each}
            size="small"
            shortcut={keyOf('setTool', { tool: each })}
            look={tool === each ? 'primary' : 'plain'}
            aria-pressed={tool === each}
            onClick={() => {
              run('setTool', { tool: each })
            }}
          >
            {t(`reading.tools.${each}`)}
          </Button>
        ))}
      </div>
      <div className="row">
        {PRESETS.map((preset) => (
          <Button
            key={preset}
            size="small"
            shortcut={keyOf('setWindow', { preset })}
            onClick={() => {
              run('setWindow', { preset })
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
                min={RADIUS_MM.least}
                max={RADIUS_MM.most}
                value={radius}
                onChange={(event) => {
                  setRadius(Number(event.target.value))
                }}
              />
            )}
          </Field>
          <div className="row">
            <Button
              size="small"
              disabled={!state.history.canUndo}
              onClick={() => {
                run('undo', {})
              }}
            >
              {t('reading.undo')}
            </Button>
            <Button
              size="small"
              disabled={!state.history.canRedo}
              onClick={() => {
                run('redo', {})
              }}
            >
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
        <Field label={t('reading.opacity', { percent: Math.round(opacity * 100) })}>
          {(control) => (
            <input
              {...control}
              type="range"
              min={0.05}
              max={1}
              step={0.05}
              value={opacity}
              disabled={!isVisible}
              onChange={(event) => {
                setOpacity(Number(event.target.value))
              }}
            />
          )}
        </Field>
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
      {task.canEdit || isReview ? <HandIn task={task} reading={reading} /> : null}
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

function distance([a, b]: readonly [readonly number[], readonly number[]]): number {
  return Math.hypot(...a.map((value, axis) => value - (b[axis] ?? 0)))
}
