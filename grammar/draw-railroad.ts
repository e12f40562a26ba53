import { assertNever } from '../src/base/index.ts'
import type { GrammarNode } from './grammar-nodes.ts'

/** A drawn piece: it begins at (0, 0) and ends at (width, 0); `up` and `down` are how far it goes from that line. */
interface Drawing {
  readonly width: number
  readonly up: number
  readonly down: number
  /** SVG elements for a piece that begins at (x, y). */
  draw(x: number, y: number): string
}

const boxHalf = 13
const gap = 10
/** Room on either side of a choice or loop, for its curves. */
const side = 24
const radius = 10
const margin = 16

/** A piece of the grammar as a railroad diagram: an SVG element that needs no styles but those of the page. */
export function drawRailroad(node: GrammarNode): string {
  const drawing = drawNode(node)
  const width = drawing.width + 2 * (margin + side)
  const height = drawing.up + drawing.down + 2 * margin
  const y = margin + drawing.up
  const end = margin + side + drawing.width
  const parts = [
    `<circle cx="${margin}" cy="${y}" r="4"/>`,
    line(margin, y, margin + side, y),
    drawing.draw(margin + side, y),
    line(end, y, end + side, y),
    `<circle cx="${end + side}" cy="${y}" r="4"/>`,
  ]
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${parts.join('')}</svg>`
}

function drawNode(node: GrammarNode): Drawing {
  switch (node.kind) {
    case 'token':
      return drawBox(node.text, node.literal ? 'literal' : 'token')
    case 'rule':
      return drawBox(node.name, 'rule')
    case 'sequence':
      return drawSequence(node.items.map(drawNode))
    case 'choice':
      return drawChoice(node.items.map(drawNode))
    case 'option':
      return drawChoice([straight, drawNode(node.item)])
    case 'repeat': {
      const loop = drawLoop(drawNode(node.item), node.separator === undefined ? straight : drawNode(node.separator))
      return node.atLeastOnce ? loop : drawChoice([straight, loop])
    }
    default:
      return assertNever(node)
  }
}

const straight: Drawing = { width: 0, up: 0, down: 0, draw: () => '' }

function drawBox(text: string, look: 'literal' | 'token' | 'rule'): Drawing {
  const width = text.length * 8.5 + 22
  return {
    width,
    up: boxHalf,
    down: boxHalf,
    draw(x, y) {
      const round = look === 'rule' ? 0 : boxHalf
      const box = `<rect class="${look}" x="${x}" y="${y - boxHalf}" width="${width}" height="${2 * boxHalf}" rx="${round}"/>`
      const label = `<text x="${x + width / 2}" y="${y + 5}">${escapeText(text)}</text>`
      return look === 'rule' ? `<a href="#${text}">${box}${label}</a>` : box + label
    },
  }
}

function drawSequence(items: readonly Drawing[]): Drawing {
  const width = items.reduce((sum, item) => sum + item.width, 0) + gap * (items.length - 1)
  return {
    width,
    up: Math.max(...items.map((item) => item.up)),
    down: Math.max(...items.map((item) => item.down)),
    draw(x, y) {
      let at = x
      return items
        .map((item, index) => {
          const before = index === 0 ? '' : line(at, y, at + gap, y)
          if (index > 0) at += gap
          const drawn = item.draw(at, y)
          at += item.width
          return before + drawn
        })
        .join('')
    },
  }
}

/** The first item on the line, the others below it, each in the middle. */
function drawChoice(items: readonly Drawing[]): Drawing {
  const inner = Math.max(...items.map((item) => item.width))
  const offsets: number[] = []
  let down = 0
  for (const [index, item] of items.entries()) {
    if (index > 0) down += Math.max(gap + item.up, radius * 2)
    offsets.push(down)
    down += item.down
  }
  const width = inner + 2 * side
  return {
    width,
    up: items[0]?.up ?? 0,
    down,
    draw: (x, y) =>
      items
        .map((item, index) => {
          const below = y + (offsets[index] ?? 0)
          const start = x + side + (inner - item.width) / 2
          const end = start + item.width
          const branch =
            index === 0 ? line(x, y, start, y) : curveDown(x, y, below) + line(x + side, below, start, below)
          const join =
            index === 0
              ? line(end, y, x + width, y)
              : line(end, below, x + width - side, below) + curveUp(x + width, y, below)
          return branch + item.draw(start, below) + join
        })
        .join(''),
  }
}

/** The item on the line; the way back, through the separator, below it. */
function drawLoop(item: Drawing, back: Drawing): Drawing {
  const inner = Math.max(item.width, back.width)
  const depth = item.down + Math.max(gap + back.up, radius)
  const width = inner + 2 * side
  return {
    width,
    up: item.up,
    down: depth + back.down,
    draw(x, y) {
      const start = x + side + (inner - item.width) / 2
      const backStart = x + side + (inner - back.width) / 2
      const [left, right, below] = [x + side, x + side + inner, y + depth]
      return [
        line(x, y, start, y),
        item.draw(start, y),
        line(start + item.width, y, x + width, y),
        `<path d="M${right} ${y} q${radius} 0 ${radius} ${radius} V${below - radius} q0 ${radius} ${-radius} ${radius} H${backStart + back.width}"/>`,
        back.draw(backStart, below),
        `<path d="M${backStart} ${below} H${left} q${-radius} 0 ${-radius} ${-radius} V${y + radius} q0 ${-radius} ${radius} ${-radius}"/>`,
      ].join('')
    },
  }
}

function curveDown(x: number, y: number, below: number): string {
  return `<path d="M${x} ${y} q${radius} 0 ${radius} ${radius} V${below - radius} q0 ${radius} ${radius} ${radius} H${x + side}"/>`
}

function curveUp(x: number, y: number, below: number): string {
  return `<path d="M${x - side} ${below} H${x - 2 * radius} q${radius} 0 ${radius} ${-radius} V${y + radius} q0 ${-radius} ${radius} ${-radius}"/>`
}

function line(fromX: number, fromY: number, toX: number, toY: number): string {
  return fromX === toX && fromY === toY ? '' : `<path d="M${fromX} ${fromY} L${toX} ${toY}"/>`
}

/** Text for HTML and SVG. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
