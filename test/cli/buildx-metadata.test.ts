import { describe, expect, test } from 'vitest'
import { digestOf, sourceFile } from '../../src/base/index.ts'
import type { BuildSummary } from '../../src/build/index.ts'
import { buildxMetadata } from '../../src/cli/buildx-metadata.ts'

const id = digestOf('image')
const hex = id.slice('sha256:'.length)
const source = sourceFile('Dockerfile', 'FROM a\nFROM b AS c\n')
const warning = {
  ...{ code: 'rule', severity: 'warning' as const, message: 'no "x"', hint: 'write y', file: 'Dockerfile' },
  span: { start: 7, end: 12 },
} as const

function metadata(env: Readonly<Record<string, string>>, names: readonly string[] = []) {
  const images = names.map((name) => ({ name, platform: 'linux/arm64', digest: id }))
  const steps = { total: 0, cached: 0 }
  const summary: BuildSummary = { imageId: id, images, names: [], steps, durationMs: 0 }
  return buildxMetadata({ summary, source }, [warning], { file: 'sub/Dockerfile' }, env)
}

describe('metadata under the keys of buildx', () => {
  test('the provenance has the images as package URLs', () => {
    const names = ['debian:13', 'reg.test:5000/a/b', `reg.test:5000/a/b@${id}`, 'a:1@sha256:0']
    expect(metadata({}, names)['buildx.build.provenance']).toMatchObject({
      materials: ['debian@13', 'reg.test:5000/a/b', 'reg.test:5000/a/b', 'a@1'].map((name) => ({
        uri: `pkg:docker/${name}?platform=linux%2Farm64`,
        digest: { sha256: hex },
      })),
      invocation: { configSource: { entryPoint: 'sub/Dockerfile' } },
    })
  })

  test('the environment says what is in it', () => {
    expect(metadata({ BUILDX_METADATA_PROVENANCE: 'disabled' })).toEqual({})
    expect(() => metadata({ BUILDX_METADATA_PROVENANCE: 'much' })).toThrow('BUILDX_METADATA_PROVENANCE is "much"')
    const [entry] = [metadata({ BUILDX_METADATA_WARNINGS: '1' })['buildx.build.warnings']].flat()
    expect(entry).toEqual({
      level: 1,
      short: Buffer.from('no "x"').toString('base64'),
      detail: [Buffer.from('write y').toString('base64')],
      sourceInfo: { filename: 'Dockerfile', language: 'Dockerfile' },
      range: [{ start: { line: 2 }, end: { line: 2 } }],
    })
  })
})
