/**
 * Boxes over a picture that a person draws, moves, resizes and removes, by pointer and by keyboard.
 * Positions are whole pixels of the picture; the overlay scales with it.
 */

export interface EditedBox {
  left: number
  top: number
  width: number
  height: number
  readonly frames: 'all' | readonly number[]
}

export interface BoxEditor {
  /** Shows these, of a picture of this size; edits go into the very list and are told. */
  readonly show: (boxes: EditedBox[], visible: (box: EditedBox) => boolean, size: Size) => void
  /** True when the key was for a box. */
  readonly key: (event: KeyboardEvent) => boolean
}

interface Size {
  readonly width: number
  readonly height: number
}

const NAMESPACE = 'http://www.w3.org/2000/svg'
const HANDLE_PX = 7
const NEW_BOX = 0.2

export function createBoxEditor(
  svg: SVGSVGElement,
  newFrames: () => 'all' | readonly number[],
  changed: (boxes: readonly EditedBox[]) => void,
): BoxEditor {
  let boxes: EditedBox[] = []
  let visible: (box: EditedBox) => boolean = () => true
  let size: Size = { width: 1, height: 1 }
  let chosen: EditedBox | undefined
  let drag: { box: EditedBox; resizes: boolean; x: number; y: number; start: EditedBox } | undefined

  const draw = () => {
    svg.replaceChildren()
    for (const box of boxes.filter(visible)) {
      const rect = shape(box.left, box.top, box.width, box.height)
      rect.classList.toggle('chosen', box === chosen)
      rect.addEventListener('pointerdown', (event) => begin(event, box, false))
      svg.append(rect)
      if (box !== chosen) continue
      const handle = (HANDLE_PX * size.width) / Math.max(1, svg.getBoundingClientRect().width)
      const corner = shape(
        box.left + box.width - handle,
        box.top + box.height - handle,
        2 * handle,
        2 * handle,
      )
      corner.classList.add('handle')
      corner.addEventListener('pointerdown', (event) => begin(event, box, true))
      svg.append(corner)
    }
  }

  const shape = (x: number, y: number, width: number, height: number): SVGRectElement => {
    const rect = document.createElementNS(NAMESPACE, 'rect')
    for (const [name, value] of Object.entries({ x, y, width, height })) {
      rect.setAttribute(name, String(value))
    }
    return rect
  }

  const at = (event: PointerEvent) => {
    const area = svg.getBoundingClientRect()
    return {
      x: ((event.clientX - area.left) / area.width) * size.width,
      y: ((event.clientY - area.top) / area.height) * size.height,
    }
  }

  const begin = (event: PointerEvent, box: EditedBox, resizes: boolean) => {
    event.stopPropagation()
    event.preventDefault()
    chosen = box
    drag = { box, resizes, ...at(event), start: { ...box } }
    svg.setPointerCapture(event.pointerId)
    draw()
  }

  svg.addEventListener('pointerdown', (event) => {
    const { x, y } = at(event)
    const box: EditedBox = {
      left: Math.floor(x),
      top: Math.floor(y),
      width: 1,
      height: 1,
      frames: newFrames(),
    }
    boxes.push(box)
    begin(event, box, true)
  })
  svg.addEventListener('pointermove', (event) => {
    if (drag === undefined) return
    const { x, y } = at(event)
    const [dx, dy] = [Math.round(x - drag.x), Math.round(y - drag.y)]
    const { box, start } = drag
    if (drag.resizes) place(box, start.left, start.top, start.width + dx, start.height + dy)
    else place(box, start.left + dx, start.top + dy, start.width, start.height)
    draw()
  })
  svg.addEventListener('pointerup', () => {
    // A click without a drag is no box.
    if (drag !== undefined && drag.box.width < 3 && drag.box.height < 3) remove(drag.box)
    drag = undefined
    changed(boxes)
    draw()
  })

  /** Within the picture, never empty; dragging past the start turns the box over. */
  const place = (box: EditedBox, left: number, top: number, width: number, height: number) => {
    const [x0, x1] = left < left + width ? [left, left + width] : [left + width, left]
    const [y0, y1] = top < top + height ? [top, top + height] : [top + height, top]
    box.left = Math.max(0, Math.min(x0, size.width - 1))
    box.top = Math.max(0, Math.min(y0, size.height - 1))
    box.width = Math.max(1, Math.min(x1, size.width) - box.left)
    box.height = Math.max(1, Math.min(y1, size.height) - box.top)
  }

  const remove = (box: EditedBox) => {
    const index = boxes.indexOf(box)
    if (index !== -1) boxes.splice(index, 1)
    if (chosen === box) chosen = undefined
  }

  const add = () => {
    const [width, height] = [
      Math.ceil(size.width * NEW_BOX),
      Math.ceil(size.height * NEW_BOX * 0.4),
    ]
    chosen = {
      left: Math.round((size.width - width) / 2),
      top: Math.round((size.height - height) / 2),
      width,
      height,
      frames: newFrames(),
    }
    boxes.push(chosen)
  }

  const choose = (step: number) => {
    const shown = boxes.filter(visible)
    const index = chosen === undefined ? -1 : shown.indexOf(chosen)
    chosen = shown[(index + step + shown.length) % Math.max(1, shown.length)]
  }

  const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  }

  return {
    show: (shown, isVisible, shownSize) => {
      boxes = shown
      visible = isVisible
      size = shownSize
      if (chosen !== undefined && !boxes.includes(chosen)) chosen = undefined
      svg.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`)
      draw()
    },
    key: (event) => {
      const arrow = ARROWS[event.key]
      if (event.key === 'n' || event.key === 'N') add()
      else if (event.key === 'Tab' && boxes.some(visible)) choose(event.shiftKey ? -1 : 1)
      else if ((event.key === 'Delete' || event.key === 'Backspace') && chosen) remove(chosen)
      else if (arrow !== undefined && chosen !== undefined) {
        const step = event.ctrlKey ? 10 : 1
        const [dx, dy] = [arrow[0] * step, arrow[1] * step]
        const { left, top, width, height } = chosen
        if (event.shiftKey)
          place(chosen, left, top, Math.max(1, width + dx), Math.max(1, height + dy))
        else place(chosen, left + dx, top + dy, width, height)
      } else return false
      changed(boxes)
      draw()
      return true
    },
  }
}
