import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { printGrammar } from '../../grammar/print-grammar.ts'
import { printRailroad } from '../../grammar/print-railroad.ts'

const docs = join(import.meta.dirname, '../../docs')

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

  it('says how instructions make a file', () => {
    expect(lines).toContain('dockerfile = { ARG } stage { stage } ;')
    expect(lines).toContain('ONBUILD = "ONBUILD" trigger ;')
    expect(lines.find((line) => line.startsWith('trigger = '))).not.toMatch(/FROM|ONBUILD|MAINTAINER/)
  })

  it('defines every rule that it names', () => {
    const defined = new Set(lines.map((line) => line.split(' = ', 1)[0]))
    const named = lines.flatMap(
      (line) => (line.split(' ;', 1)[0] ?? '').match(/(?<=[ ({[])[a-z]+[A-Za-z]*(?=[ )}\]]|$)/g) ?? [],
    )
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter((name) => !defined.has(name))).toEqual([])
  })

  it('is what docs/grammar.ebnf holds; npm run grammar writes it', () => {
    expect(readFileSync(join(docs, 'grammar.ebnf'), 'utf8')).toBe(printGrammar())
  })
})

describe('printRailroad', () => {
  const page = printRailroad()

  it('is what docs/grammar.html holds; npm run grammar writes it', () => {
    expect(readFileSync(join(docs, 'grammar.html'), 'utf8')).toBe(page)
  })

  it('draws everything once, loads nothing, and links to what is there', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1])
    expect(page.match(/<svg /g)).toHaveLength(ids.length)
    expect(new Set(ids).size).toBe(ids.length)
    const links = [...page.matchAll(/href="([^"]*)"/g)].map((match) => match[1] ?? '')
    expect(links.filter((link) => !ids.includes(link.replace('#', '')))).toEqual([])
    expect(page).not.toMatch(/<script|src=|@import|https?:/)
  })

  it('draws inside of its frames', () => {
    for (const [, width, height, content = ''] of page.matchAll(/<svg viewBox="0 0 (\S+) (\S+)"[^>]*>(.*?)<\/svg>/g)) {
      for (const [, x, y, w, h] of content.matchAll(
        /<rect class="\w+" x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"/g,
      )) {
        expect(Number(x)).toBeGreaterThan(0)
        expect(Number(y)).toBeGreaterThan(0)
        expect(Number(x) + Number(w)).toBeLessThan(Number(width))
        expect(Number(y) + Number(h)).toBeLessThan(Number(height))
      }
      expect(content).not.toContain('NaN')
    }
  })
})
