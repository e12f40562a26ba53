import type { RunInstruction } from './ast.ts'
import { heredocContent } from './heredocs.ts'

/** What people write is shorter; what is longer could be made to take the patterns of rules very long. */
const longestText = 20_000

/** What a RUN gives to its shell, heredocs below the line that opens them; undefined for the JSON form. For rules: cut. */
export function runScript({ command, heredocs }: RunInstruction): string | undefined {
  if (command.kind !== 'shell') return undefined
  return [command.text, ...heredocs.map(heredocContent)].join('\n').slice(0, longestText)
}
