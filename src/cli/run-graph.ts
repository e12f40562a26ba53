import { extname, resolve } from 'node:path'
import { hasErrors, sanitizeLine, ToolError } from '../base/index.ts'
import { bakeImages } from '../engine/bake.ts'
import type { Host } from '../engine/host.ts'
import { imageHistory } from '../engine/image-history.ts'
import { openBake } from '../engine/open-bake.ts'
import { type GraphBox, type GraphModel, graphModel } from '../report/graph-model.ts'
import { renderDot, renderHtml } from '../report/graph-text.ts'
import { formatBytes } from '../report/index.ts'
import { diagnosticsIn } from './bake-text.ts'
import { exitCodes } from './exit-codes.ts'
import type { GraphFlags } from './flags.ts'
import { planProject } from './plan-project.ts'
import { processHost } from './process-host.ts'
import { writeResultFile } from './result-file.ts'
import { requestsOf } from './run-bake.ts'

type Format = NonNullable<GraphFlags['format']>

/** Runs `longshore graph`; returns the exit code. */
export async function runGraph(names: readonly string[], flags: GraphFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const format = formatOf(flags)
  const model = await modelOf(names, flags, host, root)
  if (model === undefined) return exitCodes.error
  const text = await render(model, format)
  if (flags.output === undefined || flags.output === '-') process.stdout.write(text)
  else writeResultFile('output', resolve(host.cwd, flags.output), text)
  return exitCodes.done
}

function formatOf({ format, output = '' }: GraphFlags): Format {
  const known: Readonly<Record<string, Format>> = {
    '.svg': 'svg',
    '.html': 'html',
    '.htm': 'html',
    '.json': 'json',
    '.dot': 'dot',
  }
  return format ?? known[extname(output).toLowerCase()] ?? 'svg'
}

/** Undefined when the files are wrong, which is printed. */
async function modelOf(
  names: readonly string[],
  flags: GraphFlags,
  host: Host,
  root: string | undefined,
): Promise<GraphModel | undefined> {
  if (flags.file !== undefined && /\.(hcl|json|ya?ml)$/i.test(flags.file))
    return bakeModel(names, flags.file, host, root)
  const [image, more] = names
  if (image === undefined) return buildModel(flags, host, root)
  if (more === undefined && flags.file === undefined) return imageModel(image, host, root)
  throw new ToolError('usage', `"${more ?? image}": one image at a time, and none with a Dockerfile`, {
    hint: 'longshore graph IMAGE, longshore graph -f Dockerfile, or longshore graph -f docker-bake.hcl TARGET…',
  })
}

async function buildModel(flags: GraphFlags, host: Host, root: string | undefined): Promise<GraphModel | undefined> {
  const planned = await planProject(flags, host, root)
  if (planned === undefined) return undefined
  const { probed, explanations, source } = planned
  const results = probed.graph.targets.map(
    ({ stage }) => flags.target ?? (stage.name === String(stage.index) ? 'image' : stage.name),
  )
  return graphModel(source.name, probed, results, explanations)
}

async function bakeModel(
  targets: readonly string[],
  file: string,
  host: Host,
  root: string | undefined,
): Promise<GraphModel | undefined> {
  const opened = await openBake({ files: [file], targets, set: [], variables: new Map() }, host)
  process.stderr.write(diagnosticsIn(opened.diagnostics, opened.sources))
  if (hasErrors(opened.diagnostics)) return undefined
  const requests = requestsOf(opened, { allow: [] }, host, root, true)
  process.stderr.write(diagnosticsIn(requests.diagnostics, opened.sources))
  if (hasErrors(requests.diagnostics)) return undefined
  const outcome = await bakeImages(requests.targets, host, () => undefined, new AbortController().signal)
  if (outcome.kind === 'planned') {
    const results = outcome.bake.parts.map(({ target }) => (target.isLinked ? undefined : target.name))
    return graphModel(file, outcome.probed, results, new Map())
  }
  if (outcome.kind === 'invalid') process.stderr.write(diagnosticsIn(outcome.diagnostics, outcome.sources))
  if (outcome.kind === 'failed') {
    const [failure] = outcome.failures
    throw failure?.error ?? new ToolError('context-not-found', 'the files of a step could not be had')
  }
  return undefined
}

/** The instructions that made an image, in order; those that made no layer, too. */
function imageModel(image: string, host: Host, root: string | undefined): GraphModel {
  const lines = imageHistory(host, root, image).toReversed()
  const boxes = lines.map(({ createdBy, sizeBytes }, index): GraphBox => {
    const made = sizeBytes > 0
    const note = made ? formatBytes(sizeBytes) : 'no layer'
    const text = sanitizeLine(createdBy.replace(/^\/bin\/sh -c (#\(nop\)\s*)?/, ''))
    const head = `${index + 1}/${lines.length}`
    return { id: `layer-${index}`, kind: made ? 'hit' : 'image', head, text, note, ...(made ? { sizeBytes } : {}) }
  })
  const result: GraphBox = { id: 'result', kind: 'result', head: 'image', text: sanitizeLine(image), note: '' }
  const all = [...boxes, result]
  const edges = all.slice(1).map(({ id }, index) => ({ from: all[index]?.id ?? id, to: id, kind: 'base' }) as const)
  return { title: sanitizeLine(image), boxes: all, edges }
}

/** The library that places boxes is loaded where something is drawn. */
async function render(model: GraphModel, format: Format): Promise<string> {
  if (format === 'json') return `${JSON.stringify(model, null, 2)}\n`
  if (format === 'dot') return renderDot(model)
  const { layoutGraph } = await import('../report/graph-layout.ts')
  const placed = layoutGraph(model)
  if (format === 'html') return renderHtml(model, placed)
  const { renderSvg } = await import('../report/graph-svg.ts')
  return renderSvg(model, placed)
}
