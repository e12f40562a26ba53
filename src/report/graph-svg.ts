import type { PlacedBox, PlacedEdge, PlacedGraph } from './graph-layout.ts'
import { letterWidth, lineHeight } from './graph-layout.ts'
import type { GraphModel } from './graph-model.ts'

const light =
  'svg{--paper:#fff;--ink:#1b1f24;--soft:#57606a;--line:#8c959f;--image:#ddf4ff;--hit:#dafbe1;--miss:#ffe2d5;--waits:#fff8c5;--result:#ece5ff}'
const dark =
  'svg{--paper:#14171c;--ink:#e6edf3;--soft:#9ea7b3;--line:#768390;--image:#12324d;--hit:#12381f;--miss:#5a2412;--waits:#4a3a05;--result:#36255f}'

/** A drawing as one SVG that needs nothing else. Its colours follow the reader's light or dark; whatever steps say is text in it. */
export function renderSvg({ title }: GraphModel, placed: PlacedGraph): string {
  const { width, height, boxes, edges } = placed
  const size = `width="${px(width)}" height="${px(height)}" viewBox="0 0 ${px(width)} ${px(height)}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escapeXml(title)}">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${light}@media(prefers-color-scheme:dark){${dark}}${rules}</style>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>',
    `<rect class="paper" width="100%" height="100%"/>`,
    ...edges.map(drawEdge),
    ...boxes.map(drawBox),
    '</svg>\n',
  ].join('\n')
}

const rules =
  '.paper{fill:var(--paper)}.box{stroke:var(--line);stroke-width:1}.image{fill:var(--image)}.hit{fill:var(--hit)}.miss{fill:var(--miss)}' +
  '.waits{fill:var(--waits)}.result{fill:var(--result)}text{font:12px ui-monospace,"DejaVu Sans Mono",Consolas,monospace;fill:var(--ink);white-space:pre}' +
  '.head,.note{fill:var(--soft)}.edge{fill:none;stroke:var(--line);stroke-width:1.3}.files,.mount{stroke-dasharray:5 4}.mount{stroke-dasharray:2 3}.tip{fill:var(--line)}'

function drawEdge({ points, kind }: PlacedEdge): string {
  const path = points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${px(x)} ${px(y)}`).join('')
  return `<path class="edge ${kind}" d="${path}" marker-end="url(#tip)"/>`
}

/** Every line is drawn as wide as its letters count, whatever font the reader has. */
function drawBox(box: PlacedBox): string {
  const { x, y, width, height, kind, lines, text, note, place } = box
  const classes = ['head', 'text', 'note']
  const drawn = lines.map((line, index) => {
    const letters = Array.from(line).length
    const baseline = y + 12 + lineHeight * index + 12
    if (letters === 0) return ''
    const fixed = ` textLength="${px(letters * letterWidth)}" lengthAdjust="spacingAndGlyphs"`
    return `<text class="${classes[index] ?? ''}" x="${px(x + 12)}" y="${px(baseline)}"${fixed}>${escapeXml(line)}</text>`
  })
  const whole = [text, note, ...(place === undefined ? [] : [place])].join('\n')
  return [
    `<g><title>${escapeXml(whole)}</title>`,
    `<rect class="box ${kind}" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="6"/>`,
    ...drawn,
    '</g>',
  ].join('')
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** Text for XML and HTML, in elements and attributes; what XML cannot hold becomes U+FFFD. */
export function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '<': '&lt;',
    '>': '&gt;',
    '&': '&amp;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text
    .toWellFormed()
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
    .replace(/[<>&"']/g, (char) => names[char] ?? char)
}
