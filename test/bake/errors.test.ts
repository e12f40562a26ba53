import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseOverrides, resolveTargets } from '../../src/bake/index.ts'
import { hasErrors, positionAt } from '../../src/base/index.ts'
import { renderDiagnostic } from '../../src/report/index.ts'
import { definitionOf } from './bake-cases.ts'

const update = process.env['UPDATE_GOLDEN'] === '1'
const root = join(import.meta.dirname, '../../fixtures/bake/errors')
const cases = readdirSync(root)

describe('broken bake files', () => {
  test('are there', () => expect(cases.length).toBeGreaterThan(40))

  test.each(cases)('%s: says what is wrong, at its place', async (name) => {
    const file = ['docker-bake.hcl', 'docker-bake.json', 'compose.yaml'].find((one) =>
      existsSync(join(root, name, one)),
    )
    const { source, definition } = await definitionOf(file ?? '', readFileSync(join(root, name, file ?? ''), 'utf8'))
    const names = definition.targets.map((target) => target.name)
    const wanted = definition.groups.some((group) => group.name === 'default') ? [] : names
    const found = hasErrors(definition.diagnostics)
      ? definition.diagnostics
      : resolveTargets(
          definition,
          wanted,
          parseOverrides([], names, () => undefined),
        ).diagnostics
    expect(hasErrors(found)).toBe(true)
    for (const one of found) {
      expect(one.file).toBe(file)
      expect(positionAt(source, one.span.start).line).toBeGreaterThan(0)
      expect(one.span.end).toBeLessThanOrEqual(source.text.length)
    }
    const text = `${found.map((one) => renderDiagnostic(one, source)).join('\n')}\n`
    const golden = join(root, name, 'diagnostics.txt')
    if (update) writeFileSync(golden, text)
    expect(text).toBe(readFileSync(golden, 'utf8'))
  })
})
