import { formatBytes } from './plain.ts'
import { renderTable } from './table.ts'

/** A change of a layer or between images; paths are fit to print, directories come before what is in them. */
export interface ShownPathChange {
  readonly kind: 'A' | 'C' | 'D'
  readonly path: string
  readonly type: string
  readonly sizeBytes: number
  /** Files that go with a deleted directory. */
  readonly files?: number
  /** What is changed about it. */
  readonly what?: string
}

/** An image as the trees show it. */
export interface ShownImageTree {
  readonly id: string
  readonly names: readonly string[]
  readonly sizeBytes: number
  readonly wastedBytes: number
  readonly layers: readonly {
    readonly diffId: string
    readonly createdBy: string
    readonly sizeBytes: number
    readonly wastedBytes: number
    readonly changes: readonly ShownPathChange[]
  }[]
  readonly wasted: readonly ShownWaste[]
}

/** Bytes at a path that nobody sees. */
export interface ShownWaste {
  readonly path: string
  readonly sizeBytes: number
  readonly times: number
}

/** How many of the wasted paths are told. */
const wastedShown = 10

/**
 * An image by layers, the lowest first, with the paths that each adds (A), changes (C) and deletes (D). What is in a directory that
 * is new or gone is summed up in its line, unless `all` is set.
 */
export function renderImageTree(tree: ShownImageTree, all: boolean): string {
  const count = tree.layers.length
  const head = [
    `Image ID: ${tree.id.replace(/^sha256:/, '').slice(0, 12)}`,
    `Names:    ${tree.names.join(', ') || '<none>'}`,
    `Size:     ${formatBytes(tree.sizeBytes)} in ${count} ${count === 1 ? 'layer' : 'layers'}`,
    `Wasted:   ${wasteText(tree)}`,
  ]
  const layers = tree.layers.flatMap((layer, at) => {
    const isLast = at === count - 1
    const waste = layer.wastedBytes === 0 ? '' : ` (${formatBytes(layer.wastedBytes)} wasted)`
    const id = layer.diffId.replace(/^sha256:/, '').slice(0, 12)
    return [
      `${isLast ? '└─' : '├─'} ${id} ${formatBytes(layer.sizeBytes)}${waste}  ${madeBy(layer.createdBy)}`.trimEnd(),
      ...changeLines(layer.changes, all).map((line) => `${isLast ? '  ' : '│ '}    ${line}`),
    ]
  })
  return `${[...head, '', ...layers].join('\n')}\n${renderWaste(tree.wasted)}`
}

function madeBy(text: string): string {
  const plain = text.replace(/ # buildkit$/, '')
  return plain.length > 100 ? `${plain.slice(0, 99)}…` : plain
}

/** `1.2MB (9.8 %)`: of the bytes of all layers. */
export function wasteText({ sizeBytes, wastedBytes }: Pick<ShownImageTree, 'sizeBytes' | 'wastedBytes'>): string {
  const share = sizeBytes === 0 ? 0 : (100 * wastedBytes) / sizeBytes
  return `${formatBytes(wastedBytes)} (${share.toFixed(1)} %)`
}

/** A line for each change, in columns; see `renderImageTree` for `all`. */
export function changeLines(changes: readonly ShownPathChange[], all: boolean): readonly string[] {
  const rows = all ? changes.map((change) => ({ ...change, inside: change.files ?? 0 })) : folded(changes)
  const sizes = rows.map(({ type, sizeBytes, inside }) =>
    type === 'file' || inside > 0 ? formatBytes(sizeBytes) : `${type === 'directory' ? '' : type}`,
  )
  const width = Math.max(0, ...sizes.map(({ length }) => length))
  return rows.map(({ kind, path, type, inside, what }, at) => {
    const name = type === 'directory' && !path.endsWith('/') ? `${path}/` : path
    const counted = inside === 0 ? '' : `  (${inside} ${inside === 1 ? 'file' : 'files'})`
    return `${kind}  ${(sizes[at] ?? '').padStart(width)}  ${name}${counted}${what === undefined ? '' : `  (${what})`}`
  })
}

/** Takes what is in a new or deleted directory together in its line. */
function folded(changes: readonly ShownPathChange[]): readonly (ShownPathChange & { readonly inside: number })[] {
  const rows: { change: ShownPathChange; sizeBytes: number; inside: number }[] = []
  for (const change of changes) {
    const over = rows.at(-1)
    if (over !== undefined && isInside(change, over.change)) {
      over.sizeBytes += change.sizeBytes
      over.inside += change.type === 'directory' ? (change.files ?? 0) : 1
      continue
    }
    rows.push({ change, sizeBytes: change.sizeBytes, inside: change.files ?? 0 })
  }
  return rows.map(({ change, sizeBytes, inside }) => ({ ...change, sizeBytes, inside }))
}

function isInside(change: ShownPathChange, directory: ShownPathChange): boolean {
  return (
    directory.kind !== 'C' &&
    directory.kind === change.kind &&
    directory.type === 'directory' &&
    change.path.startsWith(`${directory.path}/`)
  )
}

function renderWaste(wasted: readonly ShownWaste[]): string {
  if (wasted.length === 0) return ''
  const rows = wasted
    .slice(0, wastedShown)
    .map(({ path, sizeBytes, times }) => [formatBytes(sizeBytes), String(times), path])
  const more = wasted.length > wastedShown ? `… and ${wasted.length - wastedShown} more\n` : ''
  return `\n${renderTable(['WASTED', 'TIMES', 'PATH'], rows)}${more}`
}

/** Two images' sizes, and a line for each path that differs. */
export function renderImageDifference(
  first: Pick<ShownImageTree, 'sizeBytes' | 'wastedBytes'>,
  second: Pick<ShownImageTree, 'sizeBytes' | 'wastedBytes'>,
  changes: readonly ShownPathChange[],
  all: boolean,
): string {
  const growth = second.sizeBytes - first.sizeBytes
  const sign = growth < 0 ? '-' : '+'
  const sizes = `${formatBytes(first.sizeBytes)} → ${formatBytes(second.sizeBytes)} (${sign}${formatBytes(Math.abs(growth))})`
  const head = `Size:     ${sizes}\nWasted:   ${wasteText(first)} → ${wasteText(second)}\n`
  const lines = changeLines(changes, all)
  return lines.length === 0 ? `${head}\nThe files are the same.\n` : `${head}\n${lines.join('\n')}\n`
}

/** JSON in which no character can steer a terminal, for it may well be read on one. */
export function terminalSafeJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2)
  return text.replace(
    /[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
