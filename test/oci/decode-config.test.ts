import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestOf, parseDiffId, ToolError } from '../../src/base/index.ts'
import { decodeConfig, encodeConfig, maxDocumentBytes, validateImage } from '../../src/oci/index.ts'

const diffId = parseDiffId(digestOf('layer'))
const json = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const minimal = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] } }

describe('a config BuildKit wrote', () => {
  const bytes = readFileSync(join(import.meta.dirname, 'documents/buildkit-config.json'))

  it('is encoded again to the same bytes, so the image ID stays', () => {
    const encoded = encodeConfig(decodeConfig(bytes))
    expect(Buffer.from(encoded).toString()).toBe(bytes.toString())
    expect(digestOf(encoded)).toBe('sha256:521cba07425edc39558068709b527f2ac4c7df1ba1ff0e13fc9a95f44843e1aa')
  })

  it('has our names and is sound', () => {
    const config = decodeConfig(bytes)
    expect(config.config).toMatchObject({
      user: '1000:1000',
      exposedPorts: ['53/udp', '80/tcp'],
      env: ['PATH=/bin', 'A=1 & <2>'],
      volumes: ['/b', '/data'],
      labels: { '9': 'nine', '10': 'ten', b: 'c' },
      healthcheck: { test: ['CMD-SHELL', 'echo ok && true'], interval: 30_000_000_000, retries: 2 },
      onBuild: ['RUN echo hi'],
      argsEscaped: true,
    })
    expect(config.history.filter((entry) => entry.emptyLayer !== true)).toHaveLength(2)
    expect(validateImage(config)).toEqual([])
  })
})

describe('decodeConfig', () => {
  it('reads null, empty strings and empty lists as unset', () => {
    const config = {
      User: '',
      Env: null,
      Cmd: null,
      Entrypoint: [],
      Labels: null,
      Volumes: {},
      ExposedPorts: null,
      OnBuild: null,
      Healthcheck: null,
      ArgsEscaped: false,
    }
    const decoded = decodeConfig(json({ ...minimal, history: null, variant: '', created: null, config }))
    expect(decoded).toEqual({
      platform: { os: 'linux', architecture: 'amd64' },
      config: {},
      diffIds: [diffId],
      history: [],
    })
  })

  it('reads a config without layers, as scratch images have it', () => {
    expect(decodeConfig(json({ ...minimal, rootfs: { type: 'layers', diff_ids: null } })).diffIds).toEqual([])
  })

  it('drops what is no variable from Env, so that nothing looks it up in our environment (CVE-2026-57231)', () => {
    const env = ['PATH=/bin', 'AWS_SECRET_ACCESS_KEY', '=x', '', 'A=', 'N=1\0B=2']
    expect(decodeConfig(json({ ...minimal, config: { Env: env } })).config.env).toEqual(['PATH=/bin', 'A='])
  })

  it.each([
    ['[]', '$ is a list, expected an object'],
    ['{', '$ is not JSON'],
    [{ ...minimal, architecture: '' }, '$.architecture is empty'],
    [{ ...minimal, os: 4 }, '$.os is 4, expected a string'],
    [{ architecture: 'amd64', os: 'linux' }, '$.rootfs is missing, expected an object'],
    [{ ...minimal, rootfs: { type: 'tree' } }, '$.rootfs.type is "tree", expected "layers"'],
    [
      { ...minimal, rootfs: { type: 'layers', diff_ids: ['sha256:../../x'] } },
      '$.rootfs.diff_ids[0] is "sha256:../../x", expected sha256:',
    ],
    [{ ...minimal, config: { Env: ['A=1', 2] } }, '$.config.Env[1] is 2, expected a string'],
    [{ ...minimal, config: { Labels: { 'a b': [] } } }, '$.config.Labels["a b"] is a list, expected a string'],
    [
      { ...minimal, config: { Healthcheck: { Retries: -1 } } },
      '$.config.Healthcheck.Retries is -1, expected zero or more',
    ],
    [{ ...minimal, history: [{ empty_layer: 'yes' }] }, '$.history[0].empty_layer is "yes", expected true or false'],
  ])('names the place in %j', (value, message) => {
    expect(() => decodeConfig(json(value))).toThrow(
      expect.objectContaining({ code: 'invalid-document', message: expect.stringContaining(message) }),
    )
  })

  it('refuses a document over 4 MiB (security 52) and one that is not UTF-8', () => {
    expect(() => decodeConfig(new Uint8Array(maxDocumentBytes + 1).fill(0x20))).toThrow('more than the limit')
    expect(() => decodeConfig(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('is not JSON')
  })

  it('keeps a label called __proto__ as a label', () => {
    const decoded = decodeConfig(
      json('{"architecture":"a","os":"b","rootfs":{"type":"layers"},"config":{"Labels":{"__proto__":"x"}}}'),
    )
    expect(Object.entries(decoded.config.labels ?? {})).toEqual([['__proto__', 'x']])
    expect(Buffer.from(encodeConfig(decoded)).toString()).toContain('"Labels":{"__proto__":"x"}')
  })

  it('throws invalid-document only, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map(json),
          fc.dictionary(fc.constantFrom('architecture', 'os', 'rootfs', 'config', 'history'), fc.jsonValue()).map(json),
        ),
        (bytes) => {
          try {
            decodeConfig(bytes)
          } catch (error) {
            expect(error instanceof ToolError && error.code).toBe('invalid-document')
          }
        },
      ),
    )
  })
})
