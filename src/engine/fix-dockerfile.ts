import { readFileSync, writeFileSync } from 'node:fs'
import { type Diagnostic, errorMessage, positionAt, ToolError } from '../base/index.ts'
import { applyLintFixes } from '../dockerfile/index.ts'
import { type CheckedDockerfile, checkDockerfile } from './check.ts'
import type { Host } from './host.ts'
import type { DockerfileRequest } from './open-dockerfile.ts'

/** What became of a Dockerfile, and what was mended on the way. */
export interface FixedDockerfile {
  readonly checked: CheckedDockerfile
  /** What was mended, in order; lines are those of the file as it then was. */
  readonly fixed: readonly MadeFix[]
}

/** A fix that was made. */
export interface MadeFix {
  readonly code: string
  readonly title: string
  readonly line: number
}

/** A fix can make room for another one; more rounds than this would be two that undo each other. */
const mostRounds = 10

/**
 * Checks a Dockerfile and makes the fixes that leave its image as it is, until there are none. The file is written in
 * place. Throws `ToolError` `output-failed` when it cannot be, or is not UTF-8.
 */
export async function fixDockerfile(
  request: DockerfileRequest,
  host: Host,
  withContext: boolean,
): Promise<FixedDockerfile> {
  const fixed: MadeFix[] = []
  let checked = await checkDockerfile(request, host, withContext)
  for (let round = 0; round < mostRounds; round++) {
    const { text, applied } = applyLintFixes(checked.source, checked.diagnostics)
    if (applied.length === 0) break
    writeDockerfile(checked, text)
    fixed.push(...applied.map((one) => madeFix(one, checked)))
    checked = await checkDockerfile(request, host, withContext)
  }
  return { checked, fixed }
}

function madeFix({ code, fix, span }: Diagnostic, { source }: CheckedDockerfile): MadeFix {
  return { code, title: fix?.title ?? code, line: positionAt(source, span.start).line }
}

function writeDockerfile({ path, source }: CheckedDockerfile, text: string): void {
  try {
    if (!readFileSync(path).equals(Buffer.from(source.text))) {
      throw new ToolError('output-failed', `cannot fix "${path}": it is not UTF-8, or has just changed`, {
        hint: 'save it as UTF-8 and try again',
      })
    }
    writeFileSync(path, text)
  } catch (error) {
    if (error instanceof ToolError) throw error
    throw new ToolError('output-failed', `cannot write "${path}": ${errorMessage(error)}`, {
      hint: 'check its permissions, or leave --fix out',
      cause: error,
    })
  }
}
