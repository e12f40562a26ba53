import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mountOptionNames, mountOptionRule } from '../../grammar/index.ts'
import { sourceFile } from '../../src/base/index.ts'
import type { MountFlag } from '../../src/dockerfile/index.ts'
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts'

function mountsIn(text: string): readonly MountFlag[] | undefined {
  const { instructions } = parseDockerfile(sourceFile('Dockerfile', text))
  const run = instructions.find((instruction) => instruction.kind === 'run')
  return run?.kind === 'run' ? run.mounts : undefined
}

test('every option is read under each of its names, in any case, with its place', () => {
  const keywords = mountOptionNames.flatMap((name) =>
    [name, ...mountOptionRule(name).aliases].flatMap((word) => [
      [name, word] as const,
      [name, word.toUpperCase()] as const,
    ]),
  )
  for (const [name, keyword] of keywords) {
    const text = `FROM a\nRUN \\\n  --mount=${keyword}=v,type=tmpfs true`
    const [option] = mountsIn(text)?.[0]?.options ?? []
    expect(option).toMatchObject({ name, keyword, value: { text: 'v' } })
    const { start = 0, end = 0 } = option?.value?.span ?? {}
    expect(text.slice(start, end)).toBe('v')
    expect(text.slice(option?.span.start, option?.span.end)).toBe(`${keyword}=v`)
  }
})

test('options come out as they went in, quoted where they hold commas', () => {
  const value = fc.string({ unit: fc.constantFrom(...'ab,=/$.-_"') })
  const options = fc.array(fc.tuple(fc.constantFrom(...mountOptionNames), value), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(options, (pairs) => {
      const fields = pairs.map(([name, text]) => `"${`${name}=${text}`.replaceAll('"', '""')}"`)
      const [flag] = mountsIn(`FROM a\nRUN --mount='${fields.join(',')}' true`) ?? []
      expect(flag?.options.map((option) => [option.name, option.value?.text])).toEqual(pairs)
    }),
  )
})

test('whatever stands there, nothing is thrown, and no place is outside of the flag', () => {
  const text = fc.string({ unit: fc.constantFrom(...'tyersoucb=,"\'\\$ \n/x') })
  fc.assert(
    fc.property(text, (flag) => {
      const file = `FROM a\nRUN --mount=${flag} true`
      const { diagnostics } = parseDockerfile(sourceFile('Dockerfile', file))
      for (const { span } of diagnostics) expect(span.start <= span.end && span.end <= file.length).toBe(true)
      for (const { options, span } of mountsIn(file) ?? [])
        for (const option of options) expect(option.span.start >= span.start && option.span.end <= span.end).toBe(true)
    }),
  )
})
