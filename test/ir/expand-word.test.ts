// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are Dockerfile words
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expandWord } from '../../src/ir/expand-word.ts'

const variables = new Map([
  ['set', 'value'],
  ['empty', ''],
  ['path', '/a/b/c.tar.gz'],
  ['two', '80 90'],
  ['quote', '"\'$set\\'],
  ['_u1', 'under'],
])

function expand(text: string, escapeCharacter: '\\' | '`' = '\\') {
  return expandWord(text, escapeCharacter, (name) => variables.get(name))
}

describe('expandWord', () => {
  it.each<[string, string]>([
    ['$set', 'value'],
    ['${set}', 'value'],
    ['$setx', ''],
    ['${set}x', 'valuex'],
    ['$set-x', 'value-x'],
    ['$_u1.', 'under.'],
    ['$none', ''],
    ['a$none/b', 'a/b'],
    ['$', '$'],
    ['a$ b', 'a$ b'],
    ['$1a$@b$$c$?d$#e$!f$*g$-h$0i$12j', 'abcdefghij'],
    ['${set:-w}', 'value'],
    ['${empty:-w}', 'w'],
    ['${empty-w}', ''],
    ['${none:-w}', 'w'],
    ['${none-w}', 'w'],
    ['${set:+w}', 'w'],
    ['${empty:+w}', ''],
    ['${empty+w}', 'w'],
    ['${none:+w}', ''],
    ['${none+w}', ''],
    ['${set:?m}', 'value'],
    ['${empty?m}', ''],
    ['${none:-${empty:-$set}}', 'value'],
    ['${none:-a b}', 'a b'],
    ['${none:-"}"}', '}'],
    ["${none:-'$set'}", '$set'],
    ['${none:-\\}}', '}'],
    ['${none:-}', ''],
    ['${none:-${path#/a}}', '/b/c.tar.gz'],
    ['${path#*/}', 'a/b/c.tar.gz'],
    ['${path##*/}', 'c.tar.gz'],
    ['${path%.*}', '/a/b/c.tar'],
    ['${path%%.*}', '/a/b/c'],
    ['${path#/?/}', 'b/c.tar.gz'],
    ['${path#x}', '/a/b/c.tar.gz'],
    ['${path/a/A}', '/A/b/c.tar.gz'],
    ['${path//a/A}', '/A/b/c.tAr.gz'],
    ['${path/\\//_}', '_a/b/c.tar.gz'],
    ['${path//\\//}', 'abc.tar.gz'],
    ['${path/.*/}', '/a/b/c'],
    ['${path//[ab]/x}', '/a/b/c.tar.gz'],
    ['${none#x}', ''],
    ["'$set'", '$set'],
    ['"$set"', 'value'],
    ['"a\\"b"', 'a"b'],
    ['"a\\$b"', 'a$b'],
    ['"a\\\\b"', 'a\\b'],
    ['"a\\nb"', 'a\\nb'],
    ["'a\\'", 'a\\'],
    ['a\\nb', 'anb'],
    ['\\$set', '$set'],
    ['a\\', 'a'],
    ['a"b"\'c\'d', 'abcd'],
    ['$quote', '"\'$set\\'],
    ['"$quote"', '"\'$set\\'],
    ['é$set😀', 'évalue😀'],
  ])('%s gives %s', (text, expected) => {
    expect(expand(text)).toMatchObject({ kind: 'expanded', text: expected })
  })

  it.each<[string, string, number]>([
    ['${none:?no such thing}', 'none: no such thing', 0],
    ['${none?}', 'none: is not allowed to be unset', 0],
    ['a${empty:?}', 'empty: is not allowed to be empty', 1],
    ['${none:?}', 'none: is not allowed to be unset', 0],
    ["a'b", 'unexpected end of statement while looking for matching single-quote', 1],
    ['a"b$set', 'unexpected end of statement while looking for matching double-quote', 1],
    ['${', "syntax error: missing '}'", 0],
    ['${set', "syntax error: missing '}'", 0],
    ['${}', 'syntax error: bad substitution', 0],
    ['${{x}', 'syntax error: bad substitution', 0],
    ['${:-x}', 'syntax error: bad substitution', 0],
    ['${set=x}', 'unsupported modifier (=) in substitution', 0],
    ['${set:=x}', 'unsupported modifier (:=) in substitution', 0],
    ['${set:#x}', 'unsupported modifier (:#) in substitution', 0],
    ['${set^^}', 'unsupported modifier (^) in substitution', 0],
  ])('%s fails: %s', (text, message, start) => {
    expect(expand(text)).toEqual({ kind: 'failed', message, start, end: text.length })
  })

  it('refuses to nest without end', () => {
    const nested = (depth: number) => `${'${none:-'.repeat(depth)}x${'}'.repeat(depth)}`
    expect(expand(nested(100))).toMatchObject({ kind: 'expanded', text: 'x' })
    expect(expand(nested(20_000))).toMatchObject({ kind: 'failed', message: '${…} is nested more than 100 deep' })
  })

  it('takes the backtick for escape character, and the backslash as text', () => {
    expect(expand('c:\\dir`$set"`"`n"', '`')).toMatchObject({ text: 'c:\\dir$set"`n' })
    expect(expand('${path//`//-}', '`')).toMatchObject({ text: '-a-b-c.tar.gz' })
  })

  it('splits at blanks that are neither quoted nor escaped', () => {
    expect(expand('$two')).toMatchObject({ words: ['80', '90'] })
    expect(expand('"$two"')).toMatchObject({ words: ['80 90'] })
    expect(expand('a$two\\ b')).toMatchObject({ words: ['a80', '90 b'] })
    expect(expand('$none')).toMatchObject({ words: [] })
  })

  it('tells which names were unset, but not those with an answer to it', () => {
    const expansion = expand('a$none ${nope#x}${no:-x}${not+x}$1${empty}')
    expect(expansion).toMatchObject({
      unset: [
        { name: 'none', start: 1, end: 6 },
        { name: 'nope', start: 7, end: 16 },
      ],
    })
  })

  it('leaves quotes alone in heredoc bodies', () => {
    const body = expandWord('"$set" \'$set\' \\$set \\n \\\\ "', '\\', (name) => variables.get(name), 'kept')
    expect(body).toMatchObject({ kind: 'expanded', text: '"value" \'value\' $set n \\ "' })
  })

  it('is the identity on text without specials', () => {
    const text = fc.string({ unit: 'grapheme' }).map((s) => s.replace(/["'$\\]/g, ''))
    fc.assert(
      fc.property(text, (s) => {
        expect(expand(s)).toMatchObject({ kind: 'expanded', text: s, unset: [] })
      }),
    )
  })

  it('gives back any text that is single-quoted, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (s) => {
        const inner = s.replaceAll("'", '')
        expect(expand(`'${inner}'`)).toMatchObject({ kind: 'expanded', text: inner })
        expect(() => expand(s)).not.toThrow()
        expect(() => expand(`\${a${s}}`)).not.toThrow()
      }),
    )
  })
})
