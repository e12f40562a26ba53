import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf, parseContentDigest, parseDiffId, parseStepKey, ToolError } from '../../src/base/index.ts'
import { mediaTypes } from '../../src/oci/index.ts'
import {
  decodeSelectionResult,
  decodeStepResult,
  encodeSelectionResult,
  encodeStepResult,
  type StepResult,
} from '../../src/remote-cache/index.ts'

const key = parseStepKey(digestOf('key'))
const other = parseStepKey(digestOf('other'))
const result: StepResult = {
  key,
  durationMs: 1234.5,
  created: '2026-01-01T00:00:00.000Z',
  layer: {
    diffId: parseDiffId(digestOf('diff')),
    contentDigest: parseContentDigest(digestOf('content')),
    sizeBytes: 2048,
    entries: 3,
    created: '2026-01-01T00:00:00Z',
    blob: { mediaType: mediaTypes.ociLayerGzip, digest: digestOf('blob'), size: 512 },
  },
}

/** The entry with another record and manifest; whatever it is, the manifest carries it rightly. */
function forged(change: (record: Record<string, unknown>, manifest: Record<string, unknown>) => void): Uint8Array {
  const manifest: Record<string, unknown> = JSON.parse(Buffer.from(encodeStepResult(result).document).toString())
  const { blobs } = encodeStepResult(result)
  const record: Record<string, unknown> = JSON.parse(Buffer.from(blobs[0]?.bytes ?? []).toString())
  change(record, manifest)
  const bytes = Buffer.from(JSON.stringify(record))
  const type = 'application/vnd.longshore.step.v1+json'
  const config = { mediaType: type, digest: digestOf(bytes), size: bytes.length, data: bytes.toString('base64') }
  return Buffer.from(JSON.stringify({ config, ...manifest, ...(manifest['config'] === 'own' ? {} : { config }) }))
}

function refusal(document: Uint8Array): ToolError {
  try {
    decodeStepResult(key, document)
  } catch (error) {
    if (error instanceof ToolError) return error
    throw error
  }
  throw new Error('it was taken')
}

test('what is written is read again', () => {
  const { name, document, blobs } = encodeStepResult(result)
  expect(decodeStepResult(key, document)).toEqual(result)
  expect(name).toMatch(/^[a-f0-9]{64}$/)
  for (const { descriptor, bytes } of blobs) expect(descriptor.digest).toBe(digestOf(bytes))
  const selection = { key, contentDigest: result.layer.contentDigest }
  expect(decodeSelectionResult(key, encodeSelectionResult(selection).document)).toEqual(selection)
})

test('the manifest is an OCI artifact whose blobs are all named', () => {
  const manifest = JSON.parse(Buffer.from(encodeStepResult(result).document).toString())
  expect(manifest).toMatchObject({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: 'application/vnd.longshore.step.v1',
    config: { mediaType: 'application/vnd.longshore.step.v1+json' },
    layers: [result.layer.blob],
  })
})

describe('what is refused', () => {
  test.each<readonly [string, (record: Record<string, unknown>, manifest: Record<string, unknown>) => void]>([
    ['is of the key', (record) => Object.assign(record, { key: other })],
    ['has 2 layers', (_, manifest) => Object.assign(manifest, { layers: [result.layer.blob, result.layer.blob] })],
    ['has 0 layers', (_, manifest) => Object.assign(manifest, { layers: [] })],
    [
      'layer of the type',
      (_, manifest) => Object.assign(manifest, { layers: [{ ...result.layer.blob, mediaType: 'x' }] }),
    ],
    ['says the time', (record) => Object.assign(record, { created: 'yesterday' })],
    ['says the time', (record) => Object.assign(record, { created: '2026-99-01T00:00:00Z' })],
    ['has no duration', (record) => Object.assign(record, { durationMs: -1 })],
    ['$.layer', (record) => Object.assign(record, { layer: undefined })],
    ['$.layer.diffId', (record) => Object.assign(record, { layer: { ...result.layer, diffId: '../../etc' } })],
    ['more than', (_, manifest) => Object.assign(manifest, { annotations: { x: 'x'.repeat(70_000) } })],
  ])('%s', (message, change) => {
    expect(refusal(forged(change))).toMatchObject({
      code: 'invalid-document',
      message: expect.stringContaining(message),
    })
  })

  test('a record that is not the one that is named, a selection, an image, no JSON', () => {
    const { document } = encodeStepResult(result)
    const tampered = Buffer.from(document)
      .toString()
      .replace(/"data":"./, '"data":"A')
    expect(refusal(Buffer.from(tampered)).message).toContain('does not carry the record')
    expect(
      refusal(encodeSelectionResult({ key, contentDigest: result.layer.contentDigest }).document).message,
    ).toContain('selection')
    expect(() => decodeSelectionResult(key, document)).toThrow('step')
    expect(() =>
      decodeSelectionResult(other, encodeSelectionResult({ key, contentDigest: result.layer.contentDigest }).document),
    ).toThrow('is of the key')
    for (const text of ['', 'null', '[]', '{}', '{"schemaVersion":2,"manifests":[]}']) refusal(Buffer.from(text))
  })

  test('any damage is either refused in words or changes nothing', () => {
    const { document } = encodeStepResult(result)
    fc.assert(
      fc.property(fc.nat(document.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(document)
        damaged[at] = byte
        try {
          const read = decodeStepResult(key, damaged)
          expect({ ...read, layer: { ...read.layer, blob: undefined } }).toEqual({
            ...result,
            layer: { ...result.layer, blob: undefined },
          })
        } catch (error) {
          if (!(error instanceof ToolError)) throw error
        }
      }),
      { numRuns: 500 },
    )
  })
})
