import { resolve } from 'node:path'
import { lintRule } from '../../grammar/index.ts'
import { type Diagnostic, type Digest, type SourceFile, ToolError } from '../base/index.ts'
import type { BuildError, BuildEvent, EmitEvent, StepFailure } from '../build/index.ts'
import { buildImage } from '../engine/build.ts'
import type { BuildOutcome, BuildRequest } from '../engine/build-request.ts'
import type { Host } from '../engine/host.ts'
import { type OutputSpec, parseOutput } from '../engine/output-spec.ts'
import type { RegistryAccess } from '../engine/registry-access.ts'
import {
  lintFindings,
  planEntries,
  renderDiagnostic,
  renderExcerpt,
  renderPlan,
  renderWarningSummary,
} from '../report/index.ts'
import { annotations } from './annotate.ts'
import { annotationsField } from './annotation-flags.ts'
import { imageIds, metadataText, writtenIds } from './build-results.ts'
import type { CiBuild } from './ci-build.ts'
import { ciMode } from './ci-mode.ts'
import { keyValues, namedValues } from './collect.ts'
import { parseDating } from './dating-flags.ts'
import { exitCodeFor, exitCodes } from './exit-codes.ts'
import { failureDiagnostics } from './failure-diagnostics.ts'
import type { BuildFlags } from './flags.ts'
import { onInterrupt } from './interrupt.ts'
import { lookInto, requireTerminal } from './on-failure.ts'
import { platformsField } from './platform-field.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'
import { openProgress, type Progress } from './progress.ts'
import { registryAccess } from './registry-access-flags.ts'
import { writeResultFile } from './result-file.ts'
import { budgetField, limitFields, lockedField, offline, schedulingFields } from './scheduling-flags.ts'
import { parseAgents, parseAllowed, parseSecrets } from './secret-flags.ts'
import { targetFields } from './target-flags.ts'

/** What no flag can say. */
export interface GivenToBuild {
  readonly host?: Host
  readonly access?: RegistryAccess
  /** Told of the image, when there is one. */
  readonly onBuilt?: (imageId: Digest) => void
}

/** Runs `longshore build`; returns the exit code. `given` is what no flag can say. Throws what `buildImage` throws. */
export async function runBuild(
  context: string,
  flags: BuildFlags,
  root: string | undefined,
  given: GivenToBuild = {},
): Promise<number> {
  const { host = processHost() } = given
  const plain = { ...buildRequest(context, flags, root, host), ...(await cacheFields(flags, host)) }
  const request = given.access === undefined ? plain : { ...plain, access: { ...plain.access, ...given.access } }
  if (flags.watch === true) return watchBuild(context, flags, root, given, request, host)
  if (flags.run === true || flags.runFlags !== undefined) {
    throw new ToolError('usage', '--run goes with --watch', {
      hint: 'add --watch, or run the image with longshore run',
    })
  }
  if (flags.affected !== undefined) {
    const { endUnlessAffected } = await import('./build-affected.ts')
    const ended = await endUnlessAffected(request, flags.affected, flags, host)
    if (ended !== undefined) return ended
  }
  if (flags.onFailure === 'shell') requireTerminal()
  if (wantsDigestFiles(flags)) {
    const { checkDigestFiles } = await import('./digest-files.ts')
    checkDigestFiles(flags, request.outputs)
  }
  const quiet = flags.quiet === true || flags.progress === 'quiet'
  const diagnostics: Diagnostic[] = []
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  const ci = await ciBuild(context, flags, host)
  const { report: emit, end } = eventSink(flags, quiet, diagnostics, ci)
  try {
    const outcome = await buildImage(request, host, emit, abort.signal)
    end()
    const code = await printOutcome(outcome, flags, quiet, diagnostics, host, emit)
    ci?.finish(outcome)
    if (outcome.kind === 'built') given.onBuilt?.(outcome.summary.imageId)
    if (outcome.kind === 'failed') await lookInto(outcome.failures, flags, host, root)
    return code
  } catch (error) {
    if (error instanceof ToolError) ci?.failed(error)
    if (flags.progress !== 'rawjson' || !(error instanceof ToolError)) throw error
    emit({ kind: 'error', error: errorFields(error) })
    return exitCodeFor(error)
  } finally {
    end()
    restore()
  }
}

async function watchBuild(
  context: string,
  { watch: _, ...flags }: BuildFlags,
  root: string | undefined,
  given: GivenToBuild,
  request: BuildRequest,
  host: Host,
): Promise<number> {
  if (flags.plan === true || flags.affected !== undefined || flags.onFailure === 'shell') {
    throw new ToolError('usage', '--watch builds, and builds again', {
      hint: 'leave out --plan, --affected and --on-failure=shell',
    })
  }
  const { run: _run, runFlags: _runFlags, ...once } = flags
  const { runWatch } = await import('./run-watch.ts')
  const buildOnce = async (): Promise<Digest | undefined> => {
    const built: Digest[] = []
    await runBuild(context, once, root, { ...given, host, onBuilt: (id) => void built.push(id) })
    return built[0]
  }
  return runWatch(request, flags, buildOnce, host)
}

/** The dealings with a CI system, loaded where there is one; what is planned only is nobody's result. */
async function ciBuild(context: string, flags: BuildFlags, host: Host): Promise<CiBuild | undefined> {
  const mode = ciMode(flags.ci, host.env)
  if (mode === 'none' || flags.plan === true) return undefined
  const { openCiBuild } = await import('./ci-build.ts')
  return openCiBuild(mode, context, flags, host)
}

function wantsDigestFiles(flags: BuildFlags): boolean {
  const { digestFile, imageNameWithDigestFile, imageNameTagWithDigestFile } = flags
  return (digestFile ?? imageNameWithDigestFile ?? imageNameTagWithDigestFile) !== undefined
}

/** Caches elsewhere; nothing is loaded where none is named. */
async function cacheFields(flags: BuildFlags, host: Host): Promise<Pick<BuildRequest, 'cacheFrom' | 'cacheTo'>> {
  const isInline = flags.buildArg.some((text) => text.startsWith('BUILDKIT_INLINE_CACHE='))
  if (flags.cacheFrom.length + flags.cacheTo.length === 0 && !isInline) return {}
  const { remoteCacheFields } = await import('./remote-cache-flags.ts')
  return remoteCacheFields(flags, host)
}

function buildRequest(context: string, flags: BuildFlags, root: string | undefined, host: Host): BuildRequest {
  const { file, isolation } = flags
  const outputs = outputTexts(flags).map((text) => checkedOutput(text, host))
  const rewriteOutput = outputs.some((output) => 'rewriteTimestamp' in output && output.rewriteTimestamp)
  return {
    context,
    ...targetFields(flags),
    ...platformsField(flags, host.arch),
    buildArgs: keyValues(flags.buildArg, host.env),
    contexts: namedValues(flags.buildContext),
    labels: keyValues(flags.label, {}),
    ...annotationsField(flags, platformsField(flags, host.arch)),
    squash: flags.squash === true,
    noCache: !flags.cache,
    ...schedulingFields(flags),
    pull: flags.pull === true,
    offline: offline(flags),
    ...lockedField(flags),
    network: flags.network,
    addHosts: flags.addHost,
    limits: limitFields(flags),
    secrets: parseSecrets(flags.secret, host),
    agents: parseAgents(flags.ssh, host),
    allowInsecure: parseAllowed(flags.allow).has('security.insecure'),
    jobs: flags.jobs ?? Number.POSITIVE_INFINITY,
    ...budgetField(flags.cacheBudget, host),
    outputs,
    access: registryAccess(flags),
    verify: flags.verify === true,
    ...parseDating(flags, rewriteOutput, host),
    planOnly: flags.plan === true,
    ...(file === undefined ? {} : { file }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(root === undefined ? {} : { root }),
  }
}

function outputTexts({ output, push }: BuildFlags): readonly string[] {
  return push === true ? [...output, 'type=registry'] : output
}

function checkedOutput(text: string, host: Host): OutputSpec {
  const output = parseOutput(text)
  if (!('dest' in output)) return output
  if (output.dest !== '-') return { ...output, dest: resolve(host.cwd, output.dest) }
  if (!process.stdout.isTTY) return output
  throw new ToolError('usage', 'an archive cannot be written to a terminal', {
    hint: 'redirect standard output, or name a file with dest=',
  })
}

function eventSink(flags: BuildFlags, quiet: boolean, diagnostics: Diagnostic[], ci: CiBuild | undefined): Progress {
  const keep = (event: BuildEvent): void => {
    ci?.note(event)
    if (event.kind === 'diagnostic') diagnostics.push(event.diagnostic)
  }
  const end = (): void => undefined
  if (flags.progress === 'rawjson') {
    const report = (event: BuildEvent): void => {
      keep(event)
      if (!quiet || isError(event)) process.stderr.write(`${JSON.stringify(event)}\n`)
    }
    return { report, end }
  }
  if (quiet || flags.progress === 'quiet') return { report: keep, end }
  const own = flags.progress === 'auto' ? ci?.progress : undefined
  const progress = own ?? openProgress(flags.progress)
  const report = (event: BuildEvent): void => {
    keep(event)
    progress.report(event)
  }
  return { report, end: progress.end }
}

function isError(event: BuildEvent): boolean {
  return event.kind === 'error' || (event.kind === 'diagnostic' && event.diagnostic.severity === 'error')
}

async function printOutcome(
  outcome: BuildOutcome,
  flags: BuildFlags,
  quiet: boolean,
  warnings: readonly Diagnostic[],
  host: Host,
  emit: EmitEvent,
): Promise<number> {
  switch (outcome.kind) {
    case 'built':
      if (!quiet && flags.progress !== 'rawjson')
        process.stderr.write(warningsText(warnings, outcome.source, host, flags))
      if (flags.iidfile !== undefined)
        writeResultFile('iidfile', resolve(host.cwd, flags.iidfile), writtenIds(outcome.summary).join('\n'))
      if (flags.metadataFile !== undefined) {
        const { buildxMetadata } = await import('./buildx-metadata.ts')
        const more = buildxMetadata(outcome, warnings, flags, host.env)
        writeResultFile('metadata-file', resolve(host.cwd, flags.metadataFile), metadataText(outcome.summary, more))
      }
      if (wantsDigestFiles(flags)) {
        const { writeDigestFiles } = await import('./digest-files.ts')
        writeDigestFiles(flags, outcome.summary, host.cwd)
      }
      // An archive on standard output is the result then.
      if (!usesStdout(flags)) process.stdout.write(`${imageIds(outcome.summary).join('\n')}\n`)
      return exitCodes.done
    case 'planned': {
      const entries = planEntries(outcome.probed, outcome.hasImage, outcome.explanations)
      process.stdout.write(flags.format === 'json' ? `${JSON.stringify(entries, null, 2)}\n` : renderPlan(entries))
      return exitCodes.done
    }
    case 'invalid':
      if (flags.progress === 'rawjson')
        for (const diagnostic of outcome.diagnostics) emit({ kind: 'diagnostic', diagnostic })
      else {
        const { diagnostics, source } = outcome
        process.stderr.write(diagnosticsText(diagnostics, source) + annotations(diagnostics, source, host, flags.ci))
      }
      return exitCodes.error
    case 'failed':
      for (const failure of outcome.failures) {
        if (flags.progress === 'rawjson') emitFailure(failure, emit)
        else {
          const { source } = outcome
          process.stderr.write(
            failureText(failure, source) + annotations(failureDiagnostics(failure), source, host, flags.ci),
          )
        }
      }
      return outcome.failures.some(({ error }) => error?.code === 'step-failed' || error?.code === 'not-reproducible')
        ? exitCodes.stepFailed
        : exitCodes.error
  }
}

/** Broken rules in one line each, with the lines of the Dockerfile; other warnings in full. */
function warningsText(warnings: readonly Diagnostic[], source: SourceFile, host: Host, { ci }: BuildFlags): string {
  const findings = lintFindings(warnings, [], source)
  const others = warnings.filter(({ code }) => lintRule(code) === undefined)
  return diagnosticsText(others, source) + renderWarningSummary(findings) + annotations(warnings, source, host, ci)
}

function diagnosticsText(diagnostics: readonly Diagnostic[], source: SourceFile): string {
  return diagnostics.map((one) => `${renderDiagnostic(one, one.file === source.name ? source : undefined)}\n`).join('')
}

/** The failing step in BuildKit's manner: its output, the place in the Dockerfile, then what went wrong. */
function failureText(failure: StepFailure, source: SourceFile): string {
  const { step, error, diagnostics, outputTail } = failure
  if (diagnostics !== undefined) return diagnosticsText(diagnostics, source)
  const { origin } = step.operation
  const output = outputTail === '' ? '' : `------\n > ${step.label}:\n${outputTail}\n------\n`
  const excerpt = origin.file === source.name ? `${renderExcerpt(source, origin.startLine, origin.endLine)}\n` : ''
  return `${output}${excerpt}${errorText(error)}`
}

function emitFailure(failure: StepFailure, emit: EmitEvent): void {
  for (const diagnostic of failure.diagnostics ?? []) emit({ kind: 'diagnostic', diagnostic })
  if (failure.error === undefined) return
  const { origin } = failure.step.operation
  const step = { label: failure.step.label, file: origin.file, line: origin.startLine, output: failure.outputTail }
  emit({ kind: 'error', error: { ...errorFields(failure.error), step } })
}

function errorFields({ code, message, hint, details }: ToolError): BuildError {
  return { code, message, details, ...(hint === undefined ? {} : { hint }) }
}

function usesStdout(flags: BuildFlags): boolean {
  return flags.output.map(parseOutput).some((output) => 'dest' in output && output.dest === '-')
}
