import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Diagnostic, positionAt, type SourceFile, sourceFile } from '../../src/base/index.ts'
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts'
import { type LowerSetup, lowerText } from '../ir/lower-text.ts'

const folder = fileURLToPath(new URL('../../fixtures/golden/language', import.meta.url))
const update = process.env['UPDATE_GOLDEN'] === '1'

/** Compares with the file of a case, or writes it under UPDATE_GOLDEN=1. */
function matchGolden(file: string, actual: string): void {
  if (update) writeFileSync(file, actual)
  expect(existsSync(file), `${file} is missing; run with UPDATE_GOLDEN=1`).toBe(true)
  expect(actual).toBe(readFileSync(file, 'utf8'))
}

/** JSON with spans on one line, so that a diff shows what moved. */
function readable(value: unknown): string {
  const json = JSON.stringify(value, null, 2)
  return `${json.replace(/\{\s+"start": (\d+),\s+"end": (\d+)\s+\}/g, '{ "start": $1, "end": $2 }')}\n`
}

function renderDiagnostics(source: SourceFile, diagnostics: readonly Diagnostic[]): string {
  const place = (offset: number) => {
    const { line, column } = positionAt(source, offset)
    return `${line}:${column}`
  }
  return diagnostics
    .flatMap(({ severity, code, message, span, hint, related = [], fix }) => [
      `${place(span.start)}-${place(span.end)} ${severity} ${code}: ${message}`,
      ...(hint === undefined ? [] : [`  hint: ${hint}`]),
      ...related.map((other) => `  ${place(other.span.start)} ${other.message}`),
      ...(fix?.edits ?? []).map(
        (edit) =>
          `  fix: ${fix?.title}: ${place(edit.span.start)}-${place(edit.span.end)} ${JSON.stringify(edit.text)}`,
      ),
    ])
    .map((line) => `${line}\n`)
    .join('')
}

/** The case's options.json: build arguments, target, platforms and configs of base images, all of them optional. */
function readSetup(name: string): LowerSetup {
  const file = join(folder, name, 'options.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

describe('golden cases of the language', () => {
  const cases = readdirSync(folder).sort()
  it('are there', () => {
    expect(cases.length).toBeGreaterThanOrEqual(35)
  })

  it.each(cases)('%s', (name) => {
    const text = readFileSync(join(folder, name, 'Dockerfile'), 'utf8')
    const source = sourceFile('Dockerfile', text)
    const { diagnostics: parserSaid, ...ast } = parseDockerfile(source)
    const { result } = lowerText(text, readSetup(name))
    matchGolden(join(folder, name, 'ast.json'), readable(ast))
    const said =
      result.kind === 'program'
        ? result.program.diagnostics
        : result.kind === 'failed'
          ? result.diagnostics
          : parserSaid
    matchGolden(join(folder, name, 'diagnostics.txt'), renderDiagnostics(source, said))
    if (result.kind !== 'program') {
      if (update) rmSync(join(folder, name, 'ir.json'), { force: true })
      expect(existsSync(join(folder, name, 'ir.json')), 'an ir.json without a program').toBe(false)
      return
    }
    const { diagnostics: _, ...program } = result.program
    matchGolden(join(folder, name, 'ir.json'), readable(program))
  })
})
