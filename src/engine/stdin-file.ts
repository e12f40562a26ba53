import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { storeError, ToolError } from '../base/index.ts'
import type { RemoteClient } from '../remote/index.ts'
import type { Host } from './host.ts'

/** What came on standard input, in a file. */
export interface StdinFile {
  readonly path: string
  /** `sha256:…` of the bytes. */
  readonly digest: string
}

const handedOver = 'stdin'

/**
 * Keeps standard input in a file, since it can be read once, but a command that enters a user namespace starts anew.
 * Throws `ToolError` `usage` when nothing comes.
 */
export async function keepStdin(host: Host, client: RemoteClient): Promise<StdinFile> {
  const folder = client.cache.folder('stdin')
  const known = host.inherited[handedOver]
  if (known !== undefined && /^[a-f0-9]{64}$/.test(known) && existsSync(join(folder, known)))
    return { path: join(folder, known), digest: `sha256:${known}` }
  const temporary = client.cache.temporaryPath()
  const { hex, sizeBytes } = await writeAll(host.stdin(), temporary)
  if (sizeBytes === 0) {
    throw new ToolError('usage', 'nothing came on standard input', {
      hint: 'pipe it in: tar -c . | longshore build -t app -',
    })
  }
  const path = join(folder, hex)
  renameSync(temporary, path)
  host.handOver(handedOver, hex)
  return { path, digest: `sha256:${hex}` }
}

async function writeAll(
  source: AsyncIterable<Uint8Array>,
  path: string,
): Promise<{ readonly hex: string; readonly sizeBytes: number }> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  let fd: number | undefined
  try {
    fd = openSync(path, 'wx', 0o600)
    for await (const chunk of source) {
      hash.update(chunk)
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
      sizeBytes += chunk.length
    }
  } catch (error) {
    throw storeError('keep standard input', error)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
  return { hex: hash.digest('hex'), sizeBytes }
}
