import { sourceFile } from '../../src/base/index.ts'
import { chooseDiagnostics, type Instruction, type ParsedDockerfile } from '../../src/dockerfile/index.ts'
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts'

/** Parses a text under the name Dockerfile; of the warnings, only those that a build gives. */
export function parseText(text: string): ParsedDockerfile {
  const source = sourceFile('Dockerfile', text)
  const parsed = parseDockerfile(source)
  return { ...parsed, diagnostics: chooseDiagnostics(parsed, source, parsed.diagnostics, { level: 'build' }) }
}

/** The one instruction after `FROM a`; throws with the diagnostics when it did not parse. */
export function parseOne(line: string): Instruction {
  const { instructions, diagnostics } = parseText(`FROM a\n${line}`)
  const [, instruction] = instructions
  if (instruction === undefined) throw new Error(JSON.stringify(diagnostics))
  return instruction
}

/** `code: message` of the errors and warnings of a text. */
export function problemsOf(text: string): string[] {
  return parseText(text).diagnostics.map(({ code, message }) => `${code}: ${message}`)
}

/** Codes alone. */
export function codesOf(text: string): string[] {
  return parseText(text).diagnostics.map((diagnostic) => diagnostic.code)
}
