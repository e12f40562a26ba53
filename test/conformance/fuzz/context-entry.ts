import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { assertNever } from '../../../src/base/index.ts'
import { type TarEntry, tarBytes } from './tar-bytes.ts'

/** Something in a build context. */
export type ContextEntry =
  | { readonly kind: 'file'; readonly path: string; readonly content: string; readonly mode?: number }
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'hardlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'fifo'; readonly path: string }
  | {
      readonly kind: 'archive'
      readonly path: string
      readonly packing: 'plain' | 'gzip' | 'bzip2' | 'xz' | 'zstd'
      readonly entries: readonly TarEntry[]
    }

/** Makes the entries below `dir`, in order; what cannot be made because something else is there is left out. */
export function writeContext(dir: string, entries: readonly ContextEntry[]): void {
  for (const entry of entries) {
    try {
      mkdirSync(dirname(join(dir, entry.path)), { recursive: true })
      writeEntry(dir, entry)
    } catch (error) {
      // A system call or mkfifo that failed.
      if (!(error instanceof Error && ('code' in error || 'status' in error))) throw error
    }
  }
}

function writeEntry(dir: string, entry: ContextEntry): void {
  const path = join(dir, entry.path)
  switch (entry.kind) {
    case 'file':
      writeFileSync(path, entry.content, { flag: 'wx' })
      chmodSync(path, entry.mode ?? 0o644)
      return
    case 'directory':
      mkdirSync(path, { recursive: true })
      chmodSync(path, entry.mode ?? 0o755)
      return
    case 'symlink':
      symlinkSync(entry.target, path)
      return
    case 'hardlink':
      linkSync(join(dir, entry.target), path)
      return
    case 'fifo':
      execFileSync('mkfifo', [path], { stdio: 'ignore' })
      return
    case 'archive':
      writeFileSync(path, packed(tarBytes(entry.entries), entry.packing), { flag: 'wx' })
      return
    default:
      assertNever(entry)
  }
}

function packed(bytes: Uint8Array, packing: Extract<ContextEntry, { kind: 'archive' }>['packing']): Uint8Array {
  if (packing === 'plain') return bytes
  if (packing === 'gzip') return gzipSync(bytes)
  const home = mkdtempSync(join(tmpdir(), 'longshore-pack-'))
  try {
    writeFileSync(join(home, 'in'), bytes)
    execFileSync('sh', ['-c', `${packing} -c <in >out`], { cwd: home })
    return readFileSync(join(home, 'out'))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
