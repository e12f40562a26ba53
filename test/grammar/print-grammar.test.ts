import { describe, expect, it } from 'vitest'
import { printGrammar } from '../../grammar/print-grammar.ts'

describe('printGrammar', () => {
  const lines = printGrammar().split('\n')

  it('prints instructions from the table', () => {
    expect(lines).toContain('FROM = "FROM" from ; (* flags: --platform=VALUE *)')
    expect(lines).toContain('VOLUME = "VOLUME" ( flags exec | words ) ;')
    expect(lines.filter((line) => / = "[A-Z]+" /.test(line))).toHaveLength(18)
  })

  it('prints the rules the parser really has', () => {
    expect(lines).toContain('flags = { FLAG } [ "--" ] ;')
    expect(lines).toContain('from = flags WORD [ "AS" WORD ] ;')
    expect(lines).toContain('pairs = flags PAIR { PAIR } ;')
    expect(lines).toContain('exec = "[" [ JSON-STRING { "," JSON-STRING } ] "]" ;')
  })
})
