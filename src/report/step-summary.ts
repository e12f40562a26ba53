import { type Diagnostic, sanitizeForTerminal } from '../base/index.ts'
import { hideCredentials } from '../ir/index.ts'
import { formatBytes, formatSeconds } from './plain.ts'

/** One step of a build, as a summary shows it. */
export interface SummarizedStep {
  readonly label: string
  readonly status: 'cached' | 'done' | 'failed' | 'canceled'
  readonly durationMs: number
  /** Of its layer, uncompressed. */
  readonly sizeBytes?: number
}

/** A build that ended, well or not. */
export interface SummarizedBuild {
  /** Names of the image, else what was built. */
  readonly title: string
  readonly images: readonly { readonly name: string; readonly id: string }[]
  /** Digest of the manifest or index, where one was made. */
  readonly digest?: string
  readonly steps: readonly SummarizedStep[]
  readonly diagnostics: readonly (Pick<Diagnostic, 'code' | 'severity' | 'message'> & { readonly place?: string })[]
  readonly durationMs: number
}

const words = { cached: 'hit', done: 'ran', failed: 'failed', canceled: 'canceled' } as const
/** GitHub takes 1 MiB for each step of a job. */
const stepsAtMost = 500
const findingsAtMost = 50

/**
 * A build as Markdown for a job's summary: what was made, each step with hit or miss, time and size, then errors and
 * warnings. Instructions stand there as they are written, and no output of any process: values of arguments and secrets
 * are in neither.
 */
export function renderStepSummary(build: SummarizedBuild): string {
  const { title, images, digest, steps, durationMs } = build
  const cached = steps.filter(({ status }) => status === 'cached').length
  const errors = build.diagnostics.filter(({ severity }) => severity === 'error')
  const warnings = build.diagnostics.filter(({ severity }) => severity === 'warning')
  const isFailed = errors.length > 0 || images.length === 0
  const facts = [
    ...images.map(
      ({ name, id }) => `| ${name === '' ? 'image ID' : `image ID of ${codeSpan(name)}`} | ${codeSpan(id)} |`,
    ),
    ...(digest === undefined ? [] : [`| digest | ${codeSpan(digest)} |`]),
    `| steps | ${steps.length}, of them ${cached} cached |`,
    `| time | ${formatSeconds(durationMs)} |`,
  ]
  const lines = [
    `### ${isFailed ? 'Failed' : 'Built'}: ${codeSpan(title)}`,
    '',
    '| | |',
    '| --- | --- |',
    ...facts,
    '',
    ...findings('Errors', errors),
    ...(steps.length === 0 ? [] : ['| step | cache | time | layer |', '| --- | --- | ---: | ---: |']),
    ...steps.slice(0, stepsAtMost).map(stepRow),
    ...(steps.length > stepsAtMost ? ['', `${steps.length - stepsAtMost} more steps`] : []),
    ...(steps.length === 0 ? [] : ['']),
    ...findings('Warnings', warnings),
  ]
  return `${lines.join('\n')}\n`
}

function stepRow({ label, status, durationMs, sizeBytes }: SummarizedStep): string {
  const time = status === 'cached' ? '' : formatSeconds(durationMs)
  return `| ${codeSpan(label)} | ${words[status]} | ${time} | ${sizeBytes === undefined ? '' : formatBytes(sizeBytes)} |`
}

function findings(heading: string, found: SummarizedBuild['diagnostics']): readonly string[] {
  if (found.length === 0) return []
  const rows = found.slice(0, findingsAtMost).map(({ code, message, place }) => {
    const where = place === undefined ? '' : `${codeSpan(place)}: `
    return `- ${where}${codeSpan(message)} (${code})`
  })
  const more = found.length > findingsAtMost ? [`- and ${found.length - findingsAtMost} more`] : []
  return [`**${heading}**`, '', ...rows, ...more, '']
}

/** Text as code on one line, also inside a table: nothing in it is Markdown, and addresses sign in nowhere. */
function codeSpan(text: string): string {
  const line = sanitizeForTerminal(hideCredentials(text).replace(/\s+/g, ' ').trim()).replaceAll('|', '\\|')
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = longest > 0 ? ' ' : ''
  return `${fence}${pad}${line === '' ? ' ' : line}${pad}${fence}`
}
