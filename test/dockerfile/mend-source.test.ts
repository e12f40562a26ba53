import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lintRule } from '../../grammar/index.ts'
import { sourceFile } from '../../src/base/index.ts'
import { mendSource } from '../../src/dockerfile/index.ts'
import { lowerText } from '../ir/lower-text.ts'

/** Checks and fixes until nothing is left to fix. */
function fixed(text: string): { readonly text: string; readonly codes: readonly string[] } {
  const codes: string[] = []
  let current = text
  for (let round = 0; round < 10; round++) {
    const { result } = lowerText(current, { level: 'check' })
    const said =
      result.kind === 'program' ? result.program.diagnostics : 'diagnostics' in result ? result.diagnostics : []
    const made = mendSource(sourceFile('Dockerfile', current), said)
    if (made.mended.length === 0) return { text: current, codes }
    codes.push(...made.mended.map(({ code }) => code))
    current = made.text
  }
  throw new Error(`fixes come to no end: ${current}`)
}

/** What a build makes of a text: everything but where it stands and how it was written. */
function program(text: string): unknown {
  // A case with error=true makes something all the same.
  const { result } = lowerText(text, { level: 'check', buildArgs: { BUILDKIT_DOCKERFILE_CHECK: '' } })
  if (result.kind !== 'program') return undefined
  const keep = (key: string, value: unknown) =>
    /^(?:origin|diagnostics|span|sourceSpans)$/.test(key) ? undefined : value
  return JSON.parse(JSON.stringify(result.program, keep))
}

describe('mendSource', () => {
  it.each<[string, string]>([
    [
      'FROM a:1 AS Base\nfrom base as x\nCOPY --from=BASE a b',
      'FROM a:1 AS base\nFROM base AS x\nCOPY --from=base a b',
    ],
    ['FROM a:1\nenv A b c\nLABEL x y', 'FROM a:1\nENV A="b c"\nLABEL x=y'],
    ['FROM a:1\nEXPOSE 1.2.3.4:80:81/UDP 82', 'FROM a:1\nEXPOSE 81/udp 82'],
    ['FROM --platform=$TARGETPLATFORM  a:1', 'FROM a:1'],
    ['\ufeffFROM a:1 as b\r\nRUN x \\\r\n\r\n \t\r\n y\r\n', '\ufeffFROM a:1 AS b\r\nRUN x \\\r\n y\r\n'],
    ['FROM scratch\nWORKDIR a\nWORKDIR b', 'FROM scratch\nWORKDIR /a\nWORKDIR b'],
  ])('%j becomes %j', (text, expected) => {
    expect(fixed(text).text).toBe(expected)
    expect(program(expected)).toEqual(program(text))
  })

  it.each([
    'FROM a:1\nMAINTAINER me',
    'FROM a:1\nCMD start it',
    'FROM a:1\nENV A "b" c',
    'FROM a:1\nENV A b\\ c',
    'FROM a:1\nENV A b \\\n# why\n c',
    'FROM a:1\nCOPY . .\nRUN npm ci',
    'FROM a:1\nru\\\nn x',
    'FROM a:1\nENV P=80/TCP\nEXPOSE $P',
  ])('%j stays: it would make another image, or nobody can tell', (text) => {
    expect(fixed(text)).toEqual({ text, codes: [] })
  })

  it('mends errors that leave one thing to mean', () => {
    expect(fixed('FORM a:1\nRNU true\n')).toEqual({
      text: 'FROM a:1\nRUN true\n',
      codes: ['unknown-instruction', 'unknown-instruction'],
    })
  })

  const folder = join(import.meta.dirname, '../../fixtures/golden/language')
  it.each(readdirSync(folder))('the image of %s stays the same', (name) => {
    const text = readFileSync(join(folder, name, 'Dockerfile'), 'utf8')
    const result = fixed(text)
    if (program(text) !== undefined) expect(program(result.text)).toEqual(program(text))
    expect(result.codes.filter((code) => lintRule(code)?.fixChangesImage === true)).toEqual([])
  })
})
