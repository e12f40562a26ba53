import { describe, expect, it } from 'vitest'
import { instructionKinds, instructionRule, isInstructionKind, lintRules } from '../../grammar/index.ts'

describe('instruction table', () => {
  it('has the 18 instructions, each under its keyword in lower case', () => {
    expect(instructionKinds).toHaveLength(18)
    for (const kind of instructionKinds) expect(instructionRule(kind).keyword.toLowerCase()).toBe(kind)
  })

  it('takes no inherited property for an instruction', () => {
    expect(isInstructionKind('tostring')).toBe(false)
    expect(isInstructionKind('constructor')).toBe(false)
    expect(isInstructionKind('__proto__')).toBe(false)
  })

  it('names lint rules once, with codes that are their names in kebab case', () => {
    const names = lintRules.map((rule) => rule.name)
    expect(new Set(names).size).toBe(names.length)
    for (const { name, code } of lintRules) {
      expect(code.replaceAll('-', '')).toBe(name.toLowerCase())
    }
  })
})
