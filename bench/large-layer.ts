/**
 * Pushes and pulls one large layer, on a registry of its own on loopback, gzip and zstd, and prints time and peak memory; ends with 1
 * when a command took 200 MB or more. Usage: node bench/large-layer.ts [MB, 1000 when absent]
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startRegistry } from '../test/support/registry.ts'
import { measure } from './builders.ts'

const limitKb = 200 * 1024
const sizeMb = Number(process.argv[2] ?? 1000)
const work = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'longshore-large-'))
const launcher = resolve(import.meta.dirname, '../bin/longshore')
const { NODE_EXTRA_CA_CERTS: _, ...ownEnv } = process.env

/** Half noise, half words, in one file. */
function makeContext(): string {
  const context = join(work, 'context')
  mkdirSync(context)
  const fd = openSync(join(context, 'large'), 'w')
  for (let index = 0; index < sizeMb; index++) {
    writeSync(fd, randomBytes(512 * 1024))
    writeSync(fd, Buffer.alloc(512 * 1024, `line ${index} of many that look alike\n`))
  }
  closeSync(fd)
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY large /\n')
  return context
}

const registry = await startRegistry()
let isOver = false
try {
  const env = (store: string) => ({ ...ownEnv, LONGSHORE_ROOT: join(work, store) })
  const built = spawnSync(launcher, ['build', '-q', '-t', 'large', makeContext()], {
    env: env('own'),
    encoding: 'utf8',
  })
  if (built.status !== 0) throw new Error(built.stderr)
  for (const method of ['gzip', 'zstd']) {
    const name = `${registry.host}/large/${method}:1`
    const store = `pulled-${method}`
    for (const [what, command, root] of [
      [`push ${method}`, [launcher, 'push', '-q', '--compression', method, 'large', name], 'own'],
      [`pull ${method}`, [launcher, 'pull', '-q', name], store],
    ] as const) {
      const { timeMs, peakKb } = measure(command, env(root))
      isOver ||= peakKb >= limitKb
      process.stdout.write(
        `${what} of ${sizeMb} MB: ${(timeMs / 1000).toFixed(1)} s, ${Math.round(peakKb / 1024)} MB at most\n`,
      )
    }
    rmSync(join(work, store), { recursive: true })
  }
} finally {
  await registry.stop()
  rmSync(work, { recursive: true, force: true })
}
process.exitCode = isOver ? 1 : 0
