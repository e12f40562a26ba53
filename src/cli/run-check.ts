import { statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { type Diagnostic, hasErrors, ToolError } from '../base/index.ts'
import { type CheckedDockerfile, checkDockerfile } from '../engine/check.ts'
import { fixDockerfile } from '../engine/fix-dockerfile.ts'
import type { Host } from '../engine/host.ts'
import type { DockerfileRequest } from '../engine/open-dockerfile.ts'
import { diagnosticsJson, renderDiagnostic, sarifLog } from '../report/index.ts'
import { version } from '../version.ts'
import { annotations, githubText, repositoryPath } from './annotate.ts'
import { keyValues } from './collect.ts'
import { exitCodes } from './exit-codes.ts'
import type { CheckFlags } from './flags.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore check`; returns the exit code. What was found goes to stdout, what was mended to stderr. */
export async function runCheck(paths: readonly string[], flags: CheckFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const checked: CheckedDockerfile[] = []
  for (const { request, withContext } of requests(paths, flags, root, host)) {
    if (flags.fix !== true) checked.push(await checkDockerfile(request, host, withContext))
    else {
      const result = await fixDockerfile(request, host, withContext)
      const { name } = result.checked.source
      process.stderr.write(
        result.fixed.map(({ line, title, code }) => `${name}:${line}: fixed: ${title} [${code}]\n`).join(''),
      )
      checked.push(result.checked)
    }
  }
  print(checked, flags, host)
  if (checked.some(({ diagnostics }) => isBroken(diagnostics))) return exitCodes.error
  return checked.some(({ diagnostics }) => diagnostics.length > 0) ? exitCodes.stepFailed : exitCodes.done
}

/** Errors other than the one that names broken rules. */
export function isBroken(diagnostics: readonly Diagnostic[]): boolean {
  return hasErrors(diagnostics.filter(({ code }) => code !== 'lint-violation'))
}

interface FileRequest {
  readonly request: DockerfileRequest
  /** False for a file named on its own: what its context will be is not known. */
  readonly withContext: boolean
}

function requests(
  paths: readonly string[],
  { file, buildArg, target }: CheckFlags,
  root: string | undefined,
  host: Host,
): FileRequest[] {
  const settings = {
    buildArgs: keyValues(buildArg, host.env),
    ...(target === undefined ? {} : { target }),
    ...(root === undefined ? {} : { root }),
  }
  if (file !== undefined && paths.length > 1) {
    throw new ToolError('usage', '-f goes with one directory', { hint: 'name the Dockerfiles without -f' })
  }
  return paths.map((path) => {
    const isFile =
      statSync(isAbsolute(path) ? path : join(host.cwd, path), { throwIfNoEntry: false })?.isFile() === true
    if (isFile && file === undefined) {
      return { request: { context: dirname(path), file: path, ...settings }, withContext: false }
    }
    return { request: { context: path, ...(file === undefined ? {} : { file }), ...settings }, withContext: true }
  })
}

function print(files: readonly CheckedDockerfile[], { format }: CheckFlags, host: Host): void {
  switch (format) {
    case 'json':
      return void process.stdout.write(`${JSON.stringify(diagnosticsJson(files), null, 2)}\n`)
    case 'sarif': {
      const log = sarifLog(files, version, (name) => encodeURI(repositoryPath(name, host)))
      return void process.stdout.write(`${JSON.stringify(log, null, 2)}\n`)
    }
    case 'github':
      for (const { diagnostics, source } of files) process.stdout.write(githubText(diagnostics, source, host))
      return
    case 'text':
      for (const { diagnostics, source } of files) {
        process.stdout.write(diagnostics.map((one) => `${renderDiagnostic(one, source)}\n`).join(''))
        process.stderr.write(annotations(diagnostics, source, host))
      }
      process.stdout.write(summary(files))
  }
}

/** `2 files: 1 error, 3 warnings`, and how to go on. */
function summary(files: readonly CheckedDockerfile[]): string {
  const all = files.flatMap(({ diagnostics }) => diagnostics)
  const errors = all.filter(({ severity }) => severity === 'error').length
  const warnings = all.length - errors
  const counted = files.length === 1 ? (files[0]?.source.name ?? '') : `${files.length} files`
  if (all.length === 0) return `${counted}: no problems\n`
  const parts = [plural(errors, 'error'), plural(warnings, 'warning')].filter((text) => text !== undefined)
  return `\n${counted}: ${parts.join(', ')}\n`
}

function plural(count: number, word: string): string | undefined {
  return count === 0 ? undefined : `${count} ${word}${count === 1 ? '' : 's'}`
}
