/**
 * Measures what it costs at the end of a build to see its new layers reach the disk (docs/decisions/0008), beside the
 * time that writing them took. Usage: node bench/settle.ts [DIR]; DIR is on the disk to measure.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, parseContentDigest, parseDiffId } from '../src/base/index.ts'
import { openStore } from '../src/store/index.ts'
import { settle } from '../src/store/settle.ts'

const shapes = [
  { what: 'one small file', files: 1, sizeBytes: 100 },
  { what: '2,000 files of 4 kB', files: 2_000, sizeBytes: 4_096 },
  { what: '20,000 files of 4 kB', files: 20_000, sizeBytes: 4_096 },
  { what: '100 files of 5 MB', files: 100, sizeBytes: 5_000_000 },
]
const work = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'longshore-bench-'))
const store = openStore(join(work, 'store'))
try {
  for (const { what, files, sizeBytes } of shapes) {
    const directory = join(store.root, 'work', 'made')
    const start = performance.now()
    mkdirSync(join(directory, 'fs'), { recursive: true })
    for (let index = 0; index < files; index++)
      writeFileSync(join(directory, 'fs', String(index)), Buffer.alloc(sizeBytes, index))
    const [diffId, contentDigest] = [parseDiffId(digestOf(what)), parseContentDigest(digestOf(`content ${what}`))]
    store.layers.adopt({ diffId, contentDigest, sizeBytes, entries: files, created: '2026-01-01T00:00:00Z', directory })
    const written = performance.now()
    await settle(store.root)
    const settled = performance.now()
    await settle(store.root)
    const again = performance.now()
    const ms = (from: number, to: number): string => `${(to - from).toFixed(1)} ms`
    console.log(
      `${what}: written ${ms(start, written)}, settled ${ms(written, settled)}, nothing new ${ms(settled, again)}`,
    )
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
