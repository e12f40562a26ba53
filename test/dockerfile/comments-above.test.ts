import { expect, it } from 'vitest'
import { sourceFile } from '../../src/base/index.ts'
import { allCommentsAbove, describedBy } from '../../src/dockerfile/index.ts'
import { parseText } from './parse-text.ts'

function commentsOf(text: string): (readonly string[])[] {
  return [...allCommentsAbove(sourceFile('Dockerfile', text), parseText(text)).values()]
}

it.each<[string, (readonly string[])[]]>([
  ['# syntax=x\n# a\nFROM x', [['a']]],
  ['# syntax=x\nFROM x', [[]]],
  ['# a\n  #  b\r\nFROM x\n# c\n\nRUN y\n#d\nRUN z', [['a', 'b'], [], ['d']]],
  ['FROM x\nRUN <<EOF\n# inside\n#EOF\nEOF\nRUN a \\\n# within\n b', [[], [], []]],
  ['FROM x\nRUN <<#\na\n#\nRUN b', [[], [], []]],
])('comments above the instructions of %j', (text, expected) => {
  expect(commentsOf(text)).toEqual(expected)
})

it('a description begins with the name', () => {
  expect(describedBy(['x', 'base is what  all need', 'base again'], 'base')).toBe('is what  all need')
  expect(describedBy(['baseline of all', 'base'], 'base')).toBeUndefined()
})
