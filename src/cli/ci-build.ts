import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { type Diagnostic, errorMessage, positionAt, type SourceFile, ToolError } from '../base/index.ts'
import type { BuildEvent, BuildSummary } from '../build/index.ts'
import type { BuildOutcome } from '../engine/build-request.ts'
import type { Host } from '../engine/host.ts'
import {
  githubError,
  githubOutput,
  gitlabReporter,
  renderStepSummary,
  type SummarizedBuild,
  type SummarizedStep,
} from '../report/index.ts'
import { repositoryPath } from './annotate.ts'
import { metadataText } from './build-results.ts'
import { buildxMetadata } from './buildx-metadata.ts'
import type { CiMode } from './ci-mode.ts'
import { failureDiagnostics } from './failure-diagnostics.ts'
import type { BuildFlags } from './flags.ts'
import type { Progress } from './progress.ts'

/** What a build tells the CI system it runs in, beside its ordinary output. */
export interface CiBuild {
  /** Takes part in progress; may stand in for it. */
  readonly note: (event: BuildEvent) => void
  /** Progress in the manner of the CI system, where that is another than the plain one. */
  readonly progress?: Progress
  /** Writes summary and outputs of a build that ended. */
  finish(outcome: BuildOutcome): void
  /** The same for one that could not even begin. */
  failed(error: ToolError): void
}

/** Opens the dealings with a CI system. `title` is what is built, for a build that gets no name. */
export function openCiBuild(
  mode: Exclude<CiMode, 'none'>,
  title: string,
  flags: Pick<BuildFlags, 'file'>,
  host: Host,
): CiBuild {
  if (mode === 'gitlab') {
    const progress = gitlabReporter((text) => void process.stderr.write(text), `longshore_${host.pid}`)
    const ignore = (): void => undefined
    return { note: ignore, progress, finish: ignore, failed: ignore }
  }
  const steps: SummarizedStep[] = []
  const labels = new Map<string, string>()
  const diagnostics: Diagnostic[] = []
  const write = (outcome: Partial<SummarizedBuild>, source?: SourceFile): void => {
    const durationMs = host.nowMs() - host.startedMs
    const found = diagnostics.map((one) => ({ ...one, ...placeOf(one, source, host) }))
    append(
      'GITHUB_STEP_SUMMARY',
      host,
      renderStepSummary({ title, images: [], durationMs, ...outcome, steps, diagnostics: found }),
    )
  }
  return {
    note(event) {
      if (event.kind === 'diagnostic') diagnostics.push(event.diagnostic)
      if (event.kind === 'task-start' && isStep(event.task)) labels.set(event.task, event.label)
      const label = event.kind === 'task-end' ? labels.get(event.task) : undefined
      if (event.kind !== 'task-end' || label === undefined) return
      labels.delete(event.task)
      const { status, durationMs, sizeBytes } = event
      steps.push({ label, status, durationMs, ...(sizeBytes === undefined ? {} : { sizeBytes }) })
    },
    finish(outcome) {
      if (outcome.kind === 'planned') return
      if (outcome.kind === 'invalid') diagnostics.push(...outcome.diagnostics)
      if (outcome.kind === 'failed') diagnostics.push(...outcome.failures.flatMap(failureDiagnostics))
      if (outcome.kind !== 'built') return write({}, outcome.source)
      write(summarized(outcome.summary, title), outcome.source)
      append('GITHUB_OUTPUT', host, outputText(outcome.summary, buildxMetadata(outcome, diagnostics, flags, host.env)))
    },
    failed({ code, message }) {
      process.stderr.write(githubError(code, message))
      diagnostics.push({ code, severity: 'error', message, file: '', span: { start: 0, end: 0 } })
      write({})
    },
  }
}

function isStep(task: string): boolean {
  return /^step-\d+$/.test(task)
}

function placeOf({ file, span }: Diagnostic, source: SourceFile | undefined, host: Host): { readonly place?: string } {
  if (file === '') return {}
  const path = repositoryPath(file, host)
  return { place: source?.name === file ? `${path}:${positionAt(source, span.start).line}` : path }
}

function summarized(summary: BuildSummary, title: string): Partial<SummarizedBuild> {
  const { imageId, names, targets, platforms, manifest, durationMs } = summary
  const images = targets?.map(({ target, imageId: id }) => ({ name: target, id })) ??
    platforms?.map(({ platform, imageId: id }) => ({ name: platform, id })) ?? [{ name: '', id: imageId }]
  const digest = manifest === undefined ? {} : { digest: manifest.digest }
  return { title: names.length === 0 ? title : names.join(', '), images, ...digest, durationMs }
}

/** The outputs of docker/build-push-action. */
function outputText(summary: BuildSummary, more: Readonly<Record<string, unknown>>): string {
  const { imageId, manifest, platforms } = summary
  const digest = manifest?.digest ?? ''
  const values = [
    ['imageid', platforms === undefined ? imageId : digest || imageId],
    ['digest', digest],
    ['metadata', metadataText(summary, more).trimEnd()],
  ] as const
  return values
    .map(([name, value]) => githubOutput(name, value, `longshore_${randomBytes(12).toString('hex')}`) ?? '')
    .join('')
}

/** Appends to the file that a variable names, where it names one. Throws `ToolError` `output-failed`. */
function append(variable: string, host: Host, text: string): void {
  const path = host.env[variable]
  if (path === undefined || path === '') return
  try {
    appendFileSync(path, text)
  } catch (error) {
    throw new ToolError('output-failed', `cannot write to the file of ${variable}: ${errorMessage(error)}`, {
      hint: 'correct the variable, or build with --ci none',
      cause: error,
    })
  }
}
