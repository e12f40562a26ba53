import { describe, expect, it } from 'vitest'
import { parseText, problemsOf } from './parse-text.ts'

describe('directives', () => {
  it('reads the three, with blanks and in any case', () => {
    const { directives, escape: escapeCharacter } = parseText(
      '#  SYNTAX = docker/dockerfile:1 x \n#escape=`\n# check=skip=all\nFROM a',
    )
    expect(directives.map(({ name, value }) => [name, value])).toEqual([
      ['syntax', 'docker/dockerfile:1 x'],
      ['escape', '`'],
      ['check', 'skip=all'],
    ])
    expect(escapeCharacter).toBe('`')
  })

  it.each([
    ['a plain comment', '# hello\n# escape=`\nFROM a'],
    ['a directive without a value', '# escape=\n# escape=`\nFROM a'],
    ['an unknown key', '# unknown=1\n# escape=`\nFROM a'],
    ['a blank line', '\n# escape=`\nFROM a'],
    ['an instruction', 'FROM a\n# escape=`'],
  ])('ends them at %s', (_, text) => {
    expect(parseText(text)).toMatchObject({ escape: '\\', directives: [] })
  })

  it('looks behind a byte order mark and a #! line', () => {
    expect(parseText('\ufeff#!/usr/bin/env x\n# escape=`\nFROM a').escape).toBe('`')
    expect(parseText('\ufeff# escape=`\r\nFROM a').escape).toBe('`')
  })

  it('refuses the same one twice and other escape characters', () => {
    expect(problemsOf('# escape=`\n# escape=\\\nFROM a')).toEqual([
      'duplicate-directive: only one escape parser directive can be used',
    ])
    expect(problemsOf('# escape=x\nFROM a')).toEqual(["invalid-escape-directive: invalid ESCAPE 'x'. Must be ` or \\"])
  })

  it('silences rules and makes warnings fail by check', () => {
    const text = 'FROM a As B\nMAINTAINER x'
    const codes = (head: string) =>
      parseText(`${head}\n${text}`).diagnostics.map(({ code, severity }) => [code, severity])
    expect(codes('# check=skip=stagenamecasing, FromAsCasing')).toEqual([['maintainer-deprecated', 'warning']])
    expect(codes('# check=skip=all')).toEqual([])
    expect(codes('# check=skip=StageNameCasing;error=true')).toEqual([
      ['lint-violation', 'error'],
      ['from-as-casing', 'warning'],
      ['maintainer-deprecated', 'warning'],
    ])
    expect(codes('# check=skip=all;error=true')).toEqual([])
    expect(codes('# check=skip=all;experimental')[0]).toEqual(['invalid-check-option', 'error'])
    expect(problemsOf('# check=skip=all\nFORM a')).toEqual([
      'unknown-instruction: unknown instruction: FORM (did you mean FROM?)',
    ])
  })
})
