import { describe, expect, it } from 'vitest'
import { parseText } from './parse-text.ts'

describe('rules of the parse phase', () => {
  it.each<[string, string, string, string]>([
    ['FROM a AS Base', 'stage-name-casing', "Stage name 'Base' should be lowercase", 'Base'],
    ['FROM a as b', 'from-as-casing', "'as' and 'FROM' keywords' casing do not match", 'as'],
    [
      'FROM a\nRUN a\nrun b',
      'consistent-instruction-casing',
      "Command 'run' should match the case of the command majority (uppercase)",
      'run',
    ],
    [
      'from a\nrun a\nRun b',
      'consistent-instruction-casing',
      "Command 'Run' should match the case of the command majority (lowercase)",
      'Run',
    ],
    [
      'FROM a AS context',
      'reserved-stage-name',
      'Stage name should not use the same name as reserved stage "context"',
      'context',
    ],
    [
      'FROM a\nENV password=x',
      'secrets-used-in-arg-or-env',
      'Do not use ARG or ENV instructions for sensitive data (ENV "password")',
      'password',
    ],
    ['from a AS b', 'from-as-casing', "'AS' and 'from' keywords' casing do not match", 'AS'],
    ['FROM a\nRUN a \\\n\n b', 'no-empty-continuation', 'Empty continuation line', ''],
    ['FROM a AS b\nFROM c AS b', 'duplicate-stage-name', 'Duplicate stage name "b", stage names should be unique', 'b'],
    [
      'FROM a\nMAINTAINER me',
      'maintainer-deprecated',
      'Maintainer instruction is deprecated in favor of using label',
      'MAINTAINER me',
    ],
    [
      'FROM a\nENV a b',
      'legacy-key-value-format',
      '"ENV key=value" should be used instead of legacy "ENV key value" format',
      'ENV a b',
    ],
    [
      'FROM a\nLABEL a b',
      'legacy-key-value-format',
      '"LABEL key=value" should be used instead of legacy "LABEL key value" format',
      'LABEL a b',
    ],
    [
      'FROM a\nCMD ["a"]\nCMD ["b"]',
      'multiple-instructions-disallowed',
      'Multiple CMD instructions should not be used in the same stage because only the last one will be used',
      'CMD ["a"]',
    ],
  ])('%j: %s', (text, code, message, place) => {
    const { diagnostics } = parseText(text)
    expect(diagnostics).toMatchObject([{ code, message, severity: 'warning' }])
    const { start = 0, end = 0 } = diagnostics[0]?.span ?? {}
    expect(text.slice(start, end)).toBe(place)
  })

  it.each([
    'FROM a AS b',
    'from a as b',
    'ARG token\nFROM a',
    'FROM a\nARG MONKEY TOKEN_FILE public_key',
    'FROM a\nRUN <<EOF\nset -o errexit\na\nb\nEOF',
    'FROM a\nRUN <<EOF\nset -u -e\na\nb\nEOF',
    'FROM a\nRUN <<EOF\n# one\n\na ||\n  b\nEOF',
    'FROM a\nRUN <<EOF\n#!/usr/bin/env python3\na\nb\nEOF',
    'FROM a\nRUN python3 <<EOF\na\nb\nEOF',
    'FROM a\nCMD ["a"]\nFROM b\nCMD ["b"]',
    'FROM a\nENV a=b',
    'FROM a\nRUN a \\\n# c\n b',
  ])('has nothing to say about %j', (text) => {
    expect(parseText(text).diagnostics).toEqual([])
  })
})
