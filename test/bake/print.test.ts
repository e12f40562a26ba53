import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { printPlan } from '../../src/bake/index.ts'
import { loadBakeCases, planCase } from './bake-cases.ts'

const update = process.env['UPDATE_GOLDEN'] === '1'
const cases = loadBakeCases()

describe('bake files of real shape', () => {
  test('are at least 15, each with reasons', () => {
    expect(cases.length).toBeGreaterThanOrEqual(15)
    expect(cases.filter(({ why }) => why.length === 0)).toEqual([])
  })

  test.each(cases)('$name: gives the documented targets', async (one) => {
    const { definition, plan } = await planCase(one)
    expect([...definition.diagnostics, ...plan.diagnostics]).toEqual([])
    const file = join(one.folder, 'print.json')
    const printed = printPlan(plan)
    if (update) writeFileSync(file, printed)
    expect(existsSync(file)).toBe(true)
    expect(printed).toBe(readFileSync(file, 'utf8'))
  })
})
