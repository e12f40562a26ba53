import { resolve } from 'node:path'
import { printPlan } from '../bake/index.ts'
import { type Diagnostic, hasErrors, type SourceFile, ToolError } from '../base/index.ts'
import type { BuildEvent } from '../build/index.ts'
import { type BakeOutcome, bakeImages } from '../engine/bake.ts'
import type { BakeTargetRequest } from '../engine/bake-scenes.ts'
import type { Host } from '../engine/host.ts'
import { type OpenBake, openBake } from '../engine/open-bake.ts'
import { bakeList } from './bake-list.ts'
import { type BakeRequests, bakeRequests } from './bake-requests.ts'
import { buildErrorText, diagnosticsIn, failureTextIn } from './bake-text.ts'
import { imageIds, metadataText } from './build-results.ts'
import { parseDating } from './dating-flags.ts'
import { exitCodeFor, exitCodes } from './exit-codes.ts'
import type { BakeFlags, RegistryFlags } from './flags.ts'
import { onInterrupt } from './interrupt.ts'
import { processHost } from './process-host.ts'
import { openProgress, type Progress } from './progress.ts'
import { registryAccess } from './registry-access-flags.ts'
import { writeResultFile } from './result-file.ts'
import { budgetField, offline } from './scheduling-flags.ts'
import { parseAllowed } from './secret-flags.ts'

/** Runs `longshore bake`; returns the exit code. Throws what `openBake` and `bakeImages` throw. */
export async function runBake(targets: readonly string[], flags: BakeFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const question = bakeQuestion(targets, flags)
  const opened = await openBake(question, host, flags.list === undefined)
  const { plan, sources } = opened
  if (!host.isReexecuted) process.stderr.write(diagnosticsIn(opened.diagnostics, sources))
  if (hasErrors(opened.diagnostics)) return exitCodes.error
  if (flags.list !== undefined) process.stdout.write(bakeList(opened, flags.list, flags.format))
  if (plan === undefined) return exitCodes.done
  if (flags.print === true) {
    process.stdout.write(printPlan(plan))
    return exitCodes.done
  }
  const requests = requestsOf(opened, flags, host, root)
  // A command that started over has said it already.
  if (!host.isReexecuted && (hasErrors(requests.diagnostics) || flags.progress !== 'rawjson'))
    process.stderr.write(diagnosticsIn(requests.diagnostics, sources))
  if (hasErrors(requests.diagnostics)) return exitCodes.error
  if (flags.affected === undefined) {
    if (flags.dryRun !== true) return build(requests.targets, flags, host)
    throw new ToolError('usage', '--dry-run says what --affected would build', {
      hint: 'add --affected REF, or use --print',
    })
  }
  const { runAffected } = await import('./bake-affected.ts')
  const chosen = await runAffected({ ref: flags.affected, question, opened, targets: requests.targets, flags }, host)
  return chosen.kind === 'ended' ? chosen.exitCode : build(chosen.targets, flags, host)
}

/** `--push`, `--load`, `--pull` and `--no-cache` are `--set` for all targets. */
function bakeQuestion(targets: readonly string[], flags: BakeFlags) {
  const set = [
    ...(flags.push === true ? ['*.output=type=registry'] : []),
    ...(flags.load === true ? ['*.output=type=docker'] : []),
    ...(flags.pull === true ? ['*.pull=true'] : []),
    ...(flags.cache ? [] : ['*.no-cache=true']),
    ...flags.set,
  ]
  return { files: flags.file, targets, set, variables: variableValues(flags.var) }
}

function variableValues(texts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)] as const
      throw new ToolError('usage', `--var ${text}: it gives no value`, { hint: 'write --var NAME=VALUE' })
    }),
  )
}

/** Flags that are about the whole. */
type WholeFlags = Pick<
  BakeFlags,
  | 'allow'
  | 'offline'
  | 'pull'
  | 'keepGoing'
  | 'jobs'
  | 'cacheBudget'
  | 'isolation'
  | 'sourceDateEpoch'
  | 'rewriteTimestamp'
  | 'reproducible'
  | keyof RegistryFlags
>

/** The builds of all targets, with what the command line says of the whole. */
export function requestsOf(
  { plan }: OpenBake,
  flags: WholeFlags,
  host: Host,
  root: string | undefined,
  planOnly = false,
): BakeRequests {
  const { isolation } = flags
  const allowed = parseAllowed(flags.allow)
  const whole = {
    allowed,
    allowInsecure: allowed.has('security.insecure'),
    noCache: false,
    pull: false,
    offline: offline({ offline: flags.offline === true, pull: flags.pull === true }),
    keepGoing: flags.keepGoing === true,
    jobs: flags.jobs ?? Number.POSITIVE_INFINITY,
    ...budgetField(flags.cacheBudget, host),
    access: registryAccess(flags),
    ...parseDating({ buildArg: [], ...flags }, false, host),
    planOnly,
    ...(isolation === undefined ? {} : { isolation }),
    ...(root === undefined ? {} : { root }),
  }
  return bakeRequests(plan?.targets ?? [], whole, host)
}

async function build(targets: readonly BakeTargetRequest[], flags: BakeFlags, host: Host): Promise<number> {
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  const warnings: Diagnostic[] = []
  const { report, end } = eventSink(flags, warnings)
  try {
    const outcome = await bakeImages(targets, host, report, abort.signal)
    end()
    return printOutcome(outcome, flags, warnings, host, report)
  } catch (error) {
    if (flags.progress !== 'rawjson' || !(error instanceof ToolError)) throw error
    report({ kind: 'error', error: buildErrorText(error) })
    return exitCodeFor(error)
  } finally {
    end()
    restore()
  }
}

function eventSink(flags: BakeFlags, warnings: Diagnostic[]): Progress {
  const keep = (event: BuildEvent): void => {
    if (event.kind === 'diagnostic') warnings.push(event.diagnostic)
  }
  const end = (): void => undefined
  const { progress } = flags
  if (progress === 'rawjson') {
    return { report: (event) => void process.stderr.write(`${JSON.stringify(event)}\n`), end }
  }
  if (progress === 'quiet' || flags.quiet === true) return { report: keep, end }
  const shown = openProgress(progress)
  const report = (event: BuildEvent): void => {
    keep(event)
    shown.report(event)
  }
  return { report, end: shown.end }
}

function printOutcome(
  outcome: BakeOutcome,
  flags: BakeFlags,
  warnings: readonly Diagnostic[],
  host: Host,
  report: Progress['report'],
): number {
  const isRaw = flags.progress === 'rawjson'
  const { sources } = outcome
  const print = (text: string): void => void (isRaw || process.stderr.write(text))
  switch (outcome.kind) {
    case 'built': {
      const { summary } = outcome
      if (flags.quiet !== true) print(diagnosticsIn(warnings, sources))
      if (flags.metadataFile !== undefined)
        writeResultFile('metadata-file', resolve(host.cwd, flags.metadataFile), metadataText(summary, {}))
      process.stdout.write(
        imageIds(summary)
          .map((id) => `${id}\n`)
          .join(''),
      )
      return exitCodes.done
    }
    case 'planned':
      return exitCodes.done
    case 'invalid':
      for (const diagnostic of isRaw ? outcome.diagnostics : []) report({ kind: 'diagnostic', diagnostic })
      print(diagnosticsIn(outcome.diagnostics, sources))
      return exitCodes.error
    case 'failed':
      return printFailures(outcome.failures, sources, isRaw ? report : undefined)
  }
}

function printFailures(
  failures: Extract<BakeOutcome, { kind: 'failed' }>['failures'],
  sources: readonly SourceFile[],
  report: Progress['report'] | undefined,
): number {
  for (const failure of failures) {
    if (report === undefined) process.stderr.write(failureTextIn(failure, sources))
    else if (failure.error !== undefined) {
      const { label, operation } = failure.step
      const { file, startLine: line } = operation.origin
      const step = { label, file, line, output: failure.outputTail }
      report({ kind: 'error', error: { ...buildErrorText(failure.error), step } })
    }
  }
  return failures.some(({ error }) => error?.code === 'step-failed') ? exitCodes.stepFailed : exitCodes.error
}
