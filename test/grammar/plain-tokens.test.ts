import type { IToken } from 'chevrotain'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { lexedTokens, parseArguments } from '../../grammar/parse-arguments.ts'
import { plainTokens } from '../../grammar/plain-tokens.ts'
import type { ArgumentMode } from '../../grammar/tokens.ts'

const modes: readonly ArgumentMode[] = ['words', 'pairs', 'legacyPair', 'text', 'json', 'health']
const parts = [
  ...[
    '--',
    '-',
    '=',
    ' ',
    '\t',
    '\v',
    '\n',
    '"',
    "'",
    '\\',
    '`',
    '[',
    ']',
    ',',
    '#',
    '\u00a0',
    '\u2028',
    '\u0085',
    '\ufeff',
    'é',
    '😀',
  ],
  ...['a', 'as', 'AS', 'b=c', '--f=1', '--g="x y"', '-- ', '"a b"', "'c d'", '["x", "y"]', 'name=value', '<<E'],
]

const shown = (tokens: readonly IToken[]) =>
  tokens.map(({ tokenType, image, startOffset }) => [tokenType.name, image, startOffset])

it('finds the tokens that the lexer finds, or leaves the text to it', () => {
  const found = new Map(modes.map((mode) => [mode, { plain: 0, left: 0 }]))
  const property = fc.property(
    fc.array(fc.constantFrom(...parts), { maxLength: 14 }),
    fc.constantFrom(...modes),
    fc.constantFrom<'\\' | '`'>('\\', '`'),
    (chosen, mode, escapeCharacter) => {
      const text = chosen.join('')
      const plain = plainTokens(mode, text, escapeCharacter)
      const count = found.get(mode)
      if (count !== undefined) count[plain === undefined ? 'left' : 'plain']++
      if (plain !== undefined) expect(shown(plain)).toEqual(shown(lexedTokens(mode, text, escapeCharacter)))
    },
  )
  fc.assert(property, { numRuns: 20_000 })
  for (const { plain, left } of found.values()) expect(Math.min(plain, left)).toBeGreaterThan(100)
})

it('lets text without flags be all of it', () => {
  const text = fc.array(fc.constantFrom(...parts), { maxLength: 14 }).map((chosen) => chosen.join('').trim())
  const property = fc.property(text, (chosen) => {
    fc.pre(chosen !== '' && !chosen.startsWith('--'))
    const words = [{ text: chosen, start: 0, end: chosen.length }]
    expect(parseArguments('text', chosen, '\\')).toEqual({ kind: 'arguments', flags: [], words })
  })
  fc.assert(property)
})

it.each<[ArgumentMode, string]>([
  ['words', '--chown=1:1 a b /c'],
  ['pairs', 'a="b c" d=\'e f\' g=h'],
  ['legacyPair', 'name rest of line'],
  ['text', '--mount=type=cache,target="/a b" make "x\\y"'],
  ['json', '["a", "b c"]'],
  ['health', '--retries=3 CMD curl -f "http://x"'],
])('reads %s %s itself', (mode, text) => {
  expect(plainTokens(mode, text, '\\')).toBeDefined()
})
