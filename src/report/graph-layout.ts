import { Graph, layout } from '@dagrejs/dagre'
import type { GraphBox, GraphEdge, GraphModel } from './graph-model.ts'

/** Where a box is: its upper left corner, in pixels. */
export interface PlacedBox extends GraphBox {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** Its lines as they are drawn, cut off where they are long. */
  readonly lines: readonly string[]
}

export interface PlacedEdge extends GraphEdge {
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

export interface PlacedGraph {
  readonly width: number
  readonly height: number
  readonly boxes: readonly PlacedBox[]
  readonly edges: readonly PlacedEdge[]
}

/** Of the letters that are drawn: all have one width. */
export const letterWidth = 7.2
export const lineHeight = 17
const padding = 12
const margin = 24
const longestLine = 52

/** Places boxes so that each is below what it needs, and none covers another. The same model always gives the same places. */
export function layoutGraph({ boxes, edges }: GraphModel): PlacedGraph {
  const graph = new Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 42, marginx: margin, marginy: margin })
  graph.setDefaultEdgeLabel(() => ({}))
  const sized = boxes.map((box) => {
    const lines = [box.head, box.text, box.note].map(shortened)
    const letters = Math.max(...lines.map((line) => Array.from(line).length), 12)
    return { ...box, lines, width: letters * letterWidth + 2 * padding, height: 3 * lineHeight + 2 * padding }
  })
  for (const { id, width, height } of sized) graph.setNode(id, { width, height })
  for (const [position, { from, to }] of edges.entries()) graph.setEdge(from, to, {}, String(position))
  layout(graph)
  const placed = sized.map((box) => {
    const { x = 0, y = 0 } = graph.node(box.id)
    return { ...box, x: x - box.width / 2, y: y - box.height / 2 }
  })
  const drawn = edges.map((edge, position) => {
    const { points } = graph.edge({ v: edge.from, w: edge.to, name: String(position) })
    const [from, to] = [edge.from, edge.to].map((id) => placed.find((box) => box.id === id))
    return { ...edge, points: from === undefined || to === undefined ? [] : fromBelowToAbove(points ?? [], from, to) }
  })
  const most = (values: readonly number[]): number => Math.max(0, ...values) + margin
  return {
    width: most(placed.map(({ x, width }) => x + width)),
    height: most(placed.map(({ y, height }) => y + height)),
    boxes: placed,
    edges: drawn,
  }
}

/**
 * A way that leaves a box below and comes to the next from above. Between the rows there is nothing but ways, so that none runs
 * behind a box.
 */
function fromBelowToAbove(
  points: PlacedEdge['points'],
  from: PlacedBox,
  to: PlacedBox,
): readonly { readonly x: number; readonly y: number }[] {
  const between = points.slice(1, -1)
  const [first, last] = [between[0], between.at(-1)]
  const within = (x: number, box: PlacedBox): number =>
    Math.min(Math.max(x, box.x + padding), box.x + box.width - padding)
  const start = { x: within(first?.x ?? to.x, from), y: from.y + from.height }
  const end = { x: within(last?.x ?? from.x, to), y: to.y }
  return [start, ...between, end]
}

function shortened(line: string): string {
  const letters = Array.from(line)
  return letters.length > longestLine ? `${letters.slice(0, longestLine - 1).join('')}…` : line
}
