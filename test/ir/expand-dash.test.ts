// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are Dockerfile words
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expandWord } from '../../src/ir/expand-word.ts'

const variables: Readonly<Record<string, string>> = { v: 'ab/a.b.a/*', w: '*a', s: '/', e: '' }
const names = ['v', 'w', 's', 'e', 'unset']

/** Text that means the same, and itself, in a Dockerfile word and in the shell. */
const plain = fc.stringMatching(/^[ab./:_-]{1,3}$/)
const name = fc.constantFrom(...names)
const simple = name.chain((variable) => fc.constantFrom(`$${variable}`, `\${${variable}}`))
const escaped = fc.constantFrom('\\$', '\\\\', '\\"', "\\'", '\\a', '\\*')
const singleQuoted = fc.stringMatching(/^[ab$"\\*{} ]{0,4}$/).map((text) => `'${text}'`)

const joined = (part: fc.Arbitrary<string>, maxLength = 3): fc.Arbitrary<string> =>
  fc.array(part, { maxLength }).map((parts) => parts.join(''))

/** What may follow `#` and `%`: wildcards, escapes, and variables whose wildcards count. */
const pattern = joined(fc.oneof(plain, fc.constantFrom('*', '?', '\\*', '\\?'), simple))

function braces(word: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const conditional = fc
    .tuple(name, fc.constantFrom(':-', '-', ':+', '+'), word)
    .map(([variable, operator, text]) => `\${${variable}${operator}${text}}`)
  const trimmed = fc
    .tuple(name, fc.constantFrom('#', '##', '%', '%%'), pattern)
    .map(([variable, operator, text]) => `\${${variable}${operator}${text}}`)
  return fc.oneof(conditional, trimmed)
}

/** Inside double quotes the shell reads quotes in `${…}` in other ways, so there are none there. */
const inner = braces(joined(fc.oneof(plain, simple)))
const doubleQuoted = joined(fc.oneof(plain, simple, fc.constantFrom('\\$', '\\\\', '\\"', '\\a', "'"), inner)).map(
  (text) => `"${text}"`,
)
const nested = braces(joined(fc.oneof(plain, simple, escaped, singleQuoted, doubleQuoted, inner)))
const word = joined(fc.oneof(plain, simple, escaped, singleQuoted, doubleQuoted, nested), 5)

/** What an assignment in dash makes of the words: no splitting, no file names. */
function expandedByDash(words: readonly string[]): readonly string[] {
  const script = words.map((text) => `x=${text}; printf '%s\\0' "$x"`).join('\n')
  const { status, stdout, stderr } = spawnSync('dash', ['-c', script], { env: variables, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout.split('\0').slice(0, -1)
}

const hasDash = spawnSync('dash', ['-c', ':']).status === 0

test.skipIf(!hasDash)('words mean what they mean in dash, as far as the two languages agree', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 100, maxLength: 300 }), (words) => {
      const ours = words.map((text) => {
        const expansion = expandWord(text, '\\', (variable) => variables[variable])
        return expansion.kind === 'expanded' ? expansion.text : expansion.message
      })
      const theirs = expandedByDash(words)
      expect(words.map((text, index) => [text, ours[index]])).toEqual(words.map((text, index) => [text, theirs[index]]))
    }),
    { numRuns: 20 },
  )
})
