import { isAbsolute, join, relative } from 'node:path'
import type { Diagnostic, SourceFile } from '../base/index.ts'
import type { Host } from '../engine/host.ts'
import { githubAnnotation } from '../report/index.ts'
import { type CiMode, ciMode } from './ci-mode.ts'

/** Annotations for GitHub Actions; nothing anywhere else. */
export function annotations(
  diagnostics: readonly Diagnostic[],
  source: SourceFile,
  host: Host,
  wanted?: CiMode | 'auto',
): string {
  return ciMode(wanted, host.env) === 'github' ? githubText(diagnostics, source, host) : ''
}

/** Diagnostics as workflow commands of GitHub Actions. */
export function githubText(diagnostics: readonly Diagnostic[], source: SourceFile, host: Host): string {
  return diagnostics
    .map((one) => githubAnnotation(one, one.file === source.name ? source : undefined, repositoryPath(one.file, host)))
    .join('')
}

/** A file's name, relative to the current directory or absolute, as seen from the root of the checkout. */
export function repositoryPath(name: string, host: Host): string {
  const path = isAbsolute(name) ? name : join(host.cwd, name)
  const short = relative(host.env['GITHUB_WORKSPACE'] || host.cwd, path)
  return short.startsWith('..') ? name : short
}
