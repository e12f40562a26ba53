import type { EscapeCharacter } from '../../grammar/index.ts'
import type { SourceFile } from '../base/index.ts'
import type { ArgInstruction, Problems } from '../dockerfile/index.ts'
import { givenArg, predefinedArgs } from './build-args.ts'
import { expandIn, type Scope } from './expand-in-site.ts'
import { InstructionSite } from './instruction-site.ts'
import type { ProgramOptions } from './types.ts'

/** The scope of FROM lines: predefined platform arguments and the ARGs in front of the first FROM. */
export interface GlobalScope extends Scope {
  /** What a stage's `ARG name` without a default takes over. */
  value(name: string): string | undefined
}

/**
 * Evaluates the global ARGs from top to bottom, each seeing those before it, on the same line too. A build argument
 * replaces the default, which is then not even expanded.
 */
export function globalScope(
  source: SourceFile,
  globals: readonly ArgInstruction[],
  escapeCharacter: EscapeCharacter,
  options: ProgramOptions,
  problems: Problems,
): GlobalScope {
  const values = predefinedArgs(options)
  const declared = new Set(values.keys())
  const scope: GlobalScope = {
    escape: escapeCharacter,
    lookup: (name) => values.get(name),
    value: (name) => values.get(name),
    isDeclared: (name) => declared.has(name),
    names: () => declared,
  }
  for (const instruction of globals) {
    const site = new InstructionSite(source, instruction, problems)
    for (const { name, value } of instruction.assignments) {
      const key = expandIn(site, name, scope)
      if (key === undefined) continue
      const given = givenArg(options, key)
      const result = given ?? (value && expandIn(site, value, scope))
      declared.add(key)
      if (result !== undefined) values.set(key, result)
    }
  }
  return scope
}
