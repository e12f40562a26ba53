import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { applyFixes, type Diagnostic, positionAt, sourceFile } from '../../src/base/index.ts'
import { renderDiagnostic } from '../../src/report/index.ts'
import { type BrokenBuild, type ExpectedError, loadBrokenBuilds } from '../conformance/index.ts'
import { lowerText } from './lower-text.ts'

const update = process.env['UPDATE_GOLDEN'] === '1'
/** Codes of errors about files of the context, which the language knows nothing of. */
const contextCodes = ['source-not-found', 'source-excluded']

const cases = loadBrokenBuilds()
const language = cases.filter((one) => one.needs === undefined && !contextCodes.includes(one.errors[0]?.code ?? ''))

function dockerfileOf(one: BrokenBuild): string {
  return readFileSync(join(one.context, 'Dockerfile'), 'utf8')
}

function errorsOf(one: BrokenBuild, text: string): readonly Diagnostic[] {
  const [flag, target] = one.flags
  const { result } = lowerText(text, flag === '--target' && target !== undefined ? { target } : {})
  const found = result.kind === 'failed' ? result.diagnostics : []
  return found.filter((diagnostic) => diagnostic.severity === 'error')
}

/** What an error says and where, in the form of expect.json. `wanted` tells whether it has a place. */
function facts(text: string, error: Diagnostic, wanted: ExpectedError | undefined) {
  const { code, message, span } = error
  const place = positionAt(sourceFile('Dockerfile', text), span.start)
  const hasPlace = wanted === undefined || wanted.line !== undefined
  const said = wanted !== undefined && message.includes(wanted.message) ? wanted.message : message
  if (!hasPlace) return { code, message: said, line: undefined, column: undefined, text: undefined }
  return { code, message: said, ...place, text: text.slice(span.start, span.end) }
}

test('the collection is there', () => {
  expect(cases.length).toBeGreaterThanOrEqual(80)
  expect(cases.filter((one) => one.fixed !== undefined).length).toBeGreaterThanOrEqual(50)
})

describe('broken Dockerfiles', () => {
  it.each(language)('$name: says what is wrong, at its exact place', (one) => {
    const text = dockerfileOf(one)
    const found = errorsOf(one, text).map((error, index) => facts(text, error, one.errors[index]))
    if (update) {
      const { flags } = one
      const document = { ...(flags.length === 0 ? {} : { flags }), errors: found }
      writeFileSync(join(one.dir, 'expect.json'), `${JSON.stringify(document, null, 2)}\n`)
    } else expect(found).toEqual(one.errors)
  })

  it.each(language)('$name: its fixes mend what they say', (one) => {
    const text = dockerfileOf(one)
    const errors = errorsOf(one, text)
    const fixes = errors.flatMap((error) => error.fix ?? [])
    const file = join(one.dir, 'fixed.Dockerfile')
    const { text: fixed, applied } = applyFixes(text, fixes)
    expect(applied).toHaveLength(fixes.length)
    if (update) {
      if (fixes.length > 0) writeFileSync(file, fixed)
      else rmSync(file, { force: true })
    }
    expect(existsSync(file)).toBe(fixes.length > 0)
    if (fixes.length === 0) return
    expect(fixed).toBe(readFileSync(file, 'utf8'))
    const left = errorsOf(one, fixed)
    const codes = errors.filter((error) => error.fix !== undefined).map((error) => error.code)
    expect(left.filter((error) => codes.includes(error.code))).toEqual([])
    expect(left.filter((error) => error.fix !== undefined)).toEqual([])
  })

  it.each(language)('$name: the carets stand under the text', (one) => {
    const text = dockerfileOf(one)
    for (const error of errorsOf(one, text)) {
      const [, source = '', carets = ''] = renderDiagnostic(error, sourceFile('Dockerfile', text)).split('\n')
      const at = carets.indexOf('^')
      if (at < 0 || /[^\t -~]/.test(source)) continue
      const [first] = text.slice(error.span.start, error.span.end).split('\n')
      if (first !== '') expect(source.slice(at, carets.length)).toBe(first)
    }
  })

  it.each(language)('$name: the hint is there and is no sentence of its own', (one) => {
    for (const { hint, message } of errorsOf(one, dockerfileOf(one))) {
      expect(hint).toMatch(/^\S.*[^.\s]$/)
      expect(message).not.toMatch(/undefined|\[object/)
    }
  })
})

test('fixes of any text are edits inside it, in order, and never make the reader throw', () => {
  const texts = language.map(dockerfileOf).filter((text) => text.length < 400)
  const typed = fc.constantFrom('', ' ', '"', "'", '=', '$', '{', '#', '\n', '\\', '<<E', '--', '[', ',', 'x')
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.nat(), fc.nat({ max: 3 }), typed, (text, seed, removed, inserted) => {
      const at = seed % (text.length + 1)
      const changed = text.slice(0, at) + inserted + text.slice(at + removed)
      const { result } = lowerText(changed)
      const found = result.kind === 'failed' ? result.diagnostics : []
      for (const { fix } of found) {
        let end = 0
        for (const { span } of fix?.edits ?? []) {
          expect(span.start).toBeGreaterThanOrEqual(end)
          expect(span.end).toBeGreaterThanOrEqual(span.start)
          end = span.end
        }
        expect(end).toBeLessThanOrEqual(changed.length)
        if (fix !== undefined) lowerText(applyFixes(changed, [fix]).text)
      }
    }),
    { numRuns: 1500 },
  )
})
