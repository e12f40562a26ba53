import { describe, expect, it } from 'vitest'
import { type Diagnostic, sourceFile } from '../../src/base/index.ts'
import { defineProgram } from '../../src/build/index.ts'
import { mendSource } from '../../src/dockerfile/index.ts'
import { parseDockerfile, parseTrigger } from '../../src/dockerfile/parse-dockerfile.ts'
import { dockerfileText } from './fuzz/fuzz-case.ts'
import { Random } from './fuzz/random.ts'
import { textCase } from './fuzz/text-lines.ts'

const amd64 = { os: 'linux', architecture: 'amd64' } as const

/** What a check has to say, and the config of the last stage where there is one. */
async function check(text: string): Promise<{ diagnostics: readonly Diagnostic[]; config: unknown }> {
  const options = { buildArgs: {}, buildPlatform: amd64, targetPlatform: amd64, level: 'check' } as const
  const defined = await defineProgram(sourceFile('Dockerfile', text), options, {
    parse: (source) => Promise.resolve(parseDockerfile(source)),
    parseTrigger: (trigger, name) => Promise.resolve(parseTrigger(trigger, name)),
    imageConfig: () => Promise.resolve('unknown'),
  })
  const diagnostics = defined.kind === 'needs-images' ? [] : defined.diagnostics
  const stage = defined.kind === 'defined' ? defined.program.stages.at(-1) : undefined
  // A trigger is kept as text, and mending makes another text of it that means the same.
  return { diagnostics, config: stage && { ...stage.config, onBuild: stage.config.onBuild?.length } }
}

/** As `check --fix` goes about it. */
async function mend(text: string): Promise<{ text: string; rounds: number }> {
  let current = text
  for (let rounds = 0; ; rounds++) {
    const { diagnostics } = await check(current)
    const { text: next, mended } = mendSource(sourceFile('Dockerfile', current), diagnostics)
    if (mended.length === 0 || rounds === 10) return { text: next, rounds }
    current = next
  }
}

describe('random Dockerfiles', () => {
  const texts = Array.from({ length: 400 }, (_, seed) => dockerfileText(textCase(new Random(seed), 6), 'text'))

  it('are checked without a crash, and every place is in the text', async () => {
    for (const text of texts) {
      for (const { span, message } of (await check(text)).diagnostics) {
        expect(span.start >= 0 && span.start <= span.end && span.end <= text.length, `${message} in ${text}`).toBe(true)
      }
    }
  })

  it('are mended in a few rounds; what built before gives the same image', async () => {
    for (const text of texts) {
      const before = await check(text)
      const mended = await mend(text)
      expect(mended.rounds, text).toBeLessThan(10)
      if (before.config !== undefined) expect((await check(mended.text)).config, text).toEqual(before.config)
    }
  })

  it('have no more errors after mending than before', async () => {
    const errors = (diagnostics: readonly Diagnostic[]) =>
      diagnostics.filter(({ severity }) => severity === 'error').length
    for (const text of texts) {
      const before = errors(parseDockerfile(sourceFile('Dockerfile', text)).diagnostics)
      const after = errors(parseDockerfile(sourceFile('Dockerfile', (await mend(text)).text)).diagnostics)
      expect(after, text).toBeLessThanOrEqual(before)
    }
  })
})
