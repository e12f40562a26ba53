import type { WorkspaceProblem } from './types.ts'

/** The workspace itself cannot be read. */
export function invalidWorkspace(message: string, hint: string): WorkspaceProblem {
  return { kind: 'problem', code: 'workspace-invalid', message, hint }
}

/** The lock file is of a form that is not understood. */
export function lockNotSupported(message: string, hint: string): WorkspaceProblem {
  return { kind: 'problem', code: 'workspace-lock-not-supported', message, hint }
}

/** There is no such package in the workspace. */
export function packageNotFound(message: string, hint: string): WorkspaceProblem {
  return { kind: 'problem', code: 'workspace-package-not-found', message, hint }
}

/** The lock file lacks something that a manifest asks for. */
export function outdated(file: string, manifest: string, dependency: string, command: string): WorkspaceProblem {
  return {
    kind: 'problem',
    code: 'workspace-lock-outdated',
    message: `${file} is out of date: ${manifest} asks for ${dependency}, which it does not have`,
    hint: `run ${command}, and commit ${file}`,
  }
}

/** Path of a package's manifest, for messages. */
export function manifestPath(directory: string): string {
  return directory === '' ? 'package.json' : `${directory}/package.json`
}
