import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { digestOf } from '../../src/base/index.ts'
import type { CacheBlob } from '../../src/ports/index.ts'
import { openLocalPlace } from '../../src/remote-cache/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const { signal } = new AbortController()
const name = 'ab'.repeat(32)

function blobOf(text: string, opened: string[] = []): CacheBlob {
  const bytes = Buffer.from(text)
  async function* open(): AsyncGenerator<Uint8Array> {
    opened.push(text)
    yield bytes.subarray(0, 2)
    yield bytes.subarray(2)
  }
  return { descriptor: { mediaType: 'x/y', digest: digestOf(bytes), size: bytes.length }, open }
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all).toString()
}

test('what is written is read, and what is there is not written again', async () => {
  const directory = join(temporaryDirectory(), 'deep/cache')
  const place = openLocalPlace(directory)
  expect(await place.readEntry(name, signal)).toBeUndefined()
  expect(existsSync(directory)).toBe(false)
  const opened: string[] = []
  const moved: number[] = []
  const blob = blobOf('a blob', opened)
  for (const _ of [1, 2]) await place.writeBlob(blob, { signal, onProgress: (bytes) => moved.push(bytes) })
  expect([opened, moved]).toEqual([['a blob'], [2, 6]])
  await place.writeEntry(name, Buffer.from('entry'), signal)
  expect(Buffer.from((await place.readEntry(name, signal)) ?? []).toString()).toBe('entry')
  expect(await textOf(place.readBlob(blob.descriptor, signal))).toBe('a blob')
  expect(readdirSync(directory).sort()).toEqual(['blobs', 'entries', 'oci-layout'])
})

test('many writers at once leave whole files and nothing else', async () => {
  const directory = temporaryDirectory()
  const places = Array.from({ length: 8 }, () => openLocalPlace(directory))
  const blob = blobOf('of all'.repeat(10_000))
  await Promise.all(places.map((place) => place.writeBlob(blob, { signal, onProgress: () => undefined })))
  await Promise.all(places.map((place, index) => place.writeEntry(name, Buffer.from(`entry ${index}`), signal)))
  expect(await textOf(openLocalPlace(directory).readBlob(blob.descriptor, signal))).toBe('of all'.repeat(10_000))
  expect(
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.part')),
  ).toEqual([])
})

test('what cannot be read or written is a ToolError that names the directory; a broken source leaves nothing', async () => {
  const directory = temporaryDirectory()
  const blob = blobOf('text')
  const place = openLocalPlace(directory)
  await expect(textOf(place.readBlob(blob.descriptor, signal))).rejects.toMatchObject({
    code: 'store-failed',
    message: expect.stringContaining(directory),
  })
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('te')
    throw new Error('broken')
  }
  const transfer = { signal, onProgress: () => undefined }
  await expect(place.writeBlob({ ...blob, open: broken }, transfer)).rejects.toMatchObject({ code: 'store-failed' })
  expect(readdirSync(join(directory, 'blobs/sha256'))).toEqual([])
  mkdirSync(join(directory, 'entries'))
  writeFileSync(join(directory, 'entries/ab'), '')
  await expect(place.writeEntry(name, Buffer.from('x'), signal)).rejects.toMatchObject({ code: 'store-failed' })
})
