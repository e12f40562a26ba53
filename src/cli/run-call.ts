import { basename } from 'node:path'
import { ToolError } from '../base/index.ts'
import { checkDockerfile } from '../engine/check.ts'
import type { Host } from '../engine/host.ts'
import { type DockerfileRequest, openDockerfile } from '../engine/open-dockerfile.ts'
import { describeOutline, describeTargets } from '../ir/index.ts'
import {
  checkResultJson,
  lintFindings,
  outlineJson,
  renderCheckResult,
  renderDiagnostic,
  renderOutline,
  renderTargets,
  targetsJson,
} from '../report/index.ts'
import { annotations } from './annotate.ts'
import { keyValues } from './collect.ts'
import { exitCodes } from './exit-codes.ts'
import type { BuildFlags } from './flags.ts'
import { processHost } from './process-host.ts'
import { isBroken } from './run-check.ts'

/** What `--call` asks for instead of a build. */
export interface Call {
  readonly method: 'build' | 'check' | 'outline' | 'targets'
  readonly json: boolean
}

/** Reads `--call METHOD[,format=json|text]`; `lint` is another word for `check`. Throws `ToolError` `usage`. */
export function parseCall(text: string): Call {
  const [word = '', ...options] = text.split(',')
  const method = (['build', 'check', 'outline', 'targets'] as const).find(
    (name) => name === (word === 'lint' ? 'check' : word),
  )
  const wrong = options.find((option) => option !== 'format=json' && option !== 'format=text')
  if (method !== undefined && wrong === undefined) return { method, json: options.includes('format=json') }
  throw new ToolError('usage', `--call cannot read "${wrong ?? word}"`, {
    hint: 'write build, check, outline or targets, then ,format=json for JSON',
  })
}

/** `--call` is about one target. Throws `ToolError` `usage`. */
function oneTarget({ target }: BuildFlags): string | undefined {
  if (target.length < 2) return target[0]
  throw new ToolError('usage', '--call looks at one target', { hint: 'give --target once, or leave it out' })
}

/** Runs `longshore build --call` of anything but a build; returns the exit code. Nothing is built or fetched. */
export async function runCall(
  call: Call,
  context: string,
  flags: BuildFlags,
  root: string | undefined,
): Promise<number> {
  const host = processHost()
  const { file } = flags
  const target = oneTarget(flags)
  const request = {
    context,
    buildArgs: keyValues(flags.buildArg, host.env),
    ...(file === undefined ? {} : { file }),
    ...(target === undefined ? {} : { target }),
    ...(root === undefined ? {} : { root }),
  }
  return call.method === 'check' ? callCheck(call, request, host) : callDescription(call, request, host)
}

async function callCheck({ json }: Call, request: DockerfileRequest, host: Host): Promise<number> {
  const { diagnostics, parsed, source } = await checkDockerfile(request, host, true)
  // BuildKit knows the Dockerfile by its name alone.
  const named = { ...source, name: basename(source.name) }
  const findings = lintFindings(diagnostics, parsed.instructions, source)
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (json) process.stdout.write(checkResultJson(findings, errors[0], parsed.instructions, named))
  else {
    process.stdout.write(renderCheckResult(findings, named, errors.length > 0))
    process.stderr.write(errors.map((error) => `${renderDiagnostic(error, source)}\n`).join(''))
  }
  process.stderr.write(annotations(diagnostics, source, host))
  if (isBroken(errors)) return exitCodes.error
  return errors.length + findings.length > 0 ? exitCodes.stepFailed : exitCodes.done
}

async function callDescription({ method, json }: Call, request: DockerfileRequest, host: Host): Promise<number> {
  const { parsed, source, options } = await openDockerfile(request, host)
  const broken = parsed.diagnostics.filter(({ severity }) => severity === 'error')
  const outline = method === 'outline' && broken.length === 0 ? describeOutline(parsed, source, options) : undefined
  const errors = outline?.kind === 'failed' ? outline.diagnostics : broken
  process.stderr.write(errors.map((error) => `${renderDiagnostic(error, source)}\n`).join(''))
  if (errors.length > 0) return exitCodes.error
  if (outline?.kind === 'outline') process.stdout.write(json ? outlineJson(outline, source) : renderOutline(outline))
  else {
    const targets = describeTargets(parsed, source)
    process.stdout.write(json ? targetsJson(targets, source) : renderTargets(targets))
  }
  return exitCodes.done
}
