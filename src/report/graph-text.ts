import type { PlacedGraph } from './graph-layout.ts'
import type { BoxKind, GraphModel } from './graph-model.ts'
import { escapeXml, renderSvg } from './graph-svg.ts'
import { formatSeconds } from './plain.ts'

const legend: readonly (readonly [BoxKind, string])[] = [
  ['image', 'image'],
  ['hit', 'remembered'],
  ['miss', 'runs'],
  ['waits', 'known when what it needs is there'],
  ['result', 'result'],
]

/** The drawing in a page of its own, with a legend and a summary. Nothing in it is fetched, and no script runs. */
export function renderHtml(model: GraphModel, placed: PlacedGraph): string {
  const swatches = legend.map(([kind, text]) => `<li><i class="${kind}"></i>${escapeXml(text)}</li>`).join('')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeXml(model.title)}</title>
<style>
:root{color-scheme:light dark}
body{margin:0;font:14px system-ui,sans-serif;background:#fff;color:#1b1f24}
header{padding:16px 24px 0}h1{font-size:18px;margin:0 0 4px}p{margin:0 0 8px;color:#57606a}
ul{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0;padding:0}li{display:flex;align-items:center;gap:6px}
i{width:14px;height:14px;border:1px solid #8c959f;border-radius:3px}
.image{background:#ddf4ff}.hit{background:#dafbe1}.miss{background:#ffe2d5}.waits{background:#fff8c5}.result{background:#ece5ff}
main{overflow:auto}
@media(prefers-color-scheme:dark){body{background:#14171c;color:#e6edf3}p{color:#9ea7b3}
.image{background:#12324d}.hit{background:#12381f}.miss{background:#5a2412}.waits{background:#4a3a05}.result{background:#36255f}}
</style>
</head>
<body>
<header><h1>${escapeXml(model.title)}</h1><p>${escapeXml(summary(model))}</p><ul>${swatches}</ul></header>
<main>${renderSvg(model, placed)}</main>
</body>
</html>
`
}

/** `12 steps: 9 remembered, 3 to run, which took 41s the last time`. */
function summary({ boxes }: GraphModel): string {
  const steps = boxes.filter(({ kind }) => kind !== 'image' && kind !== 'result')
  const hits = steps.filter(({ kind }) => kind === 'hit').length
  const timed = steps.filter(({ kind, durationMs }) => kind !== 'hit' && durationMs !== undefined)
  const expectedMs = timed.reduce((sum, { durationMs = 0 }) => sum + durationMs, 0)
  const expected = timed.length === 0 ? '' : `, which took ${formatSeconds(expectedMs)} the last time`
  return `${steps.length} steps: ${hits} remembered, ${steps.length - hits} to run${expected}`
}

/** The drawing for Graphviz. */
export function renderDot({ title, boxes, edges }: GraphModel): string {
  const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
  const nodes = boxes.map(
    ({ id, kind, head, text, note }) =>
      `  ${quoted(id)} [class=${kind}, label=${quoted([head, text, note].join('\n')).replaceAll('\n', '\\n')}]`,
  )
  const arrows = edges.map(
    ({ from, to, kind }) => `  ${quoted(from)} -> ${quoted(to)}${kind === 'base' ? '' : ' [style=dashed]'}`,
  )
  return [`digraph ${quoted(title)} {`, '  node [shape=box, fontname=monospace]', ...nodes, ...arrows, '}', ''].join(
    '\n',
  )
}
