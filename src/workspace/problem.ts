import type { WorkspaceProblem } from './types.ts'

/** A problem of a workspace. */
export function problem(code: WorkspaceProblem['code'], message: string, hint: string): WorkspaceProblem {
  return { kind: 'problem', code, message, hint }
}

/** The lock file lacks something that a manifest asks for. */
export function outdated(file: string, manifest: string, dependency: string, command: string): WorkspaceProblem {
  return problem(
    'workspace-lock-outdated',
    `${file} is out of date: ${manifest} asks for ${dependency}, which it does not have`,
    `run ${command}, and commit ${file}`,
  )
}

/** Path of a package's manifest, for messages. */
export function manifestPath(directory: string): string {
  return directory === '' ? 'package.json' : `${directory}/package.json`
}
