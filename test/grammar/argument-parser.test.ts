import { describe, expect, it } from 'vitest'
import { ArgumentParser } from '../../grammar/argument-parser.ts'
import { type ArgumentRule, createLexer, parseArguments } from '../../grammar/parse-arguments.ts'

/** Flags and words as texts, or what was unexpected. */
function read(rule: ArgumentRule, text: string, escapeCharacter: '\\' | '`' = '\\') {
  const parsed = parseArguments(rule, text, escapeCharacter)
  if (parsed.kind === 'failure') return { unexpected: parsed.unexpected?.text }
  for (const piece of [...parsed.flags, ...parsed.words]) expect(text.slice(piece.start, piece.end)).toBe(piece.text)
  return { flags: parsed.flags.map((piece) => piece.text), words: parsed.words.map((piece) => piece.text) }
}

describe('grammar', () => {
  it('passes the validations that the product skips', () => {
    expect(() => new ArgumentParser(true)).not.toThrow()
    expect(() => createLexer('\\', true)).not.toThrow()
    expect(() => createLexer('`', true)).not.toThrow()
  })

  it.each<[ArgumentRule, string, readonly string[], readonly string[]]>([
    ['from', '--platform=x a as b', ['--platform=x'], ['a', 'as', 'b']],
    ['from', 'as AS as', [], ['as', 'AS', 'as']],
    ['words', '--a="x y" --b c --d e', ['--a="x y"', '--b'], ['c', '--d', 'e']],
    ['words', '-- --x y', [], ['--x', 'y']],
    ['words', '--a -- --b', ['--a'], ['--b']],
    ['words', '--\\a x', ['--\\a'], ['x']],
    ['words', 'a\u00a0b c', [], ['a\u00a0b', 'c']],
    ['pairs', 'a=b c="x y" d=e\\ f', [], ['a=b', 'c="x y"', 'd=e\\ f']],
    ['pairs', 'a="b\\" c" d=\'x\\\' e=1', [], ['a="b\\" c"', "d='x\\'", 'e=1']],
    ['pairs', 'a="no end b=c', [], ['a="no end b=c']],
    ['assignments', 'a b=c "d e=f"', [], ['a', 'b=c', '"d e=f"']],
    ['legacyPair', '--f a b c  d=e', ['--f'], ['a', 'b c  d=e']],
    ['text', '--mount=a echo --x  y', ['--mount=a'], ['echo --x  y']],
    ['exec', '["a", "b\\"c"]', [], ['"a"', '"b\\"c"']],
    ['exec', '[ ]', [], []],
    ['health', '--a=b CMD x  y', ['--a=b'], ['CMD', 'x  y']],
    ['health', 'NONE', [], ['NONE']],
  ])('%s reads %s', (rule, text, flags, words) => {
    expect(read(rule, text)).toEqual({ flags, words })
  })

  it('lets the backtick escape instead of the backslash', () => {
    expect(read('pairs', 'a=x` y b=c:\\', '`')).toEqual({ flags: [], words: ['a=x` y', 'b=c:\\'] })
  })

  it.each<[ArgumentRule, string, string | undefined]>([
    ['from', '', undefined],
    ['from', 'a b', 'b'],
    ['from', 'a as', undefined],
    ['from', 'a as b c', 'c'],
    ['words', '--flag', undefined],
    ['pairs', 'a=b c', 'c'],
    ['legacyPair', 'a', undefined],
    ['text', '', undefined],
  ])('%s refuses %s', (rule, text, unexpected) => {
    expect(read(rule, text)).toEqual({ unexpected })
  })
})
