import { writeFileSync } from 'node:fs'
import { errorMessage, ToolError } from '../base/index.ts'

/** Writes a file that the flag `--FLAG` names. Throws `ToolError` `output-failed`. */
export function writeResultFile(flag: string, path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new ToolError('output-failed', `cannot write "${path}": ${errorMessage(error)}`, {
      hint: `check that the folder of --${flag} exists and may be written`,
      cause: error,
    })
  }
}
