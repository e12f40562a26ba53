/**
 * Measures push side by side with buildah and skopeo, on a registry of its own on loopback: a new layer of 200 MB, the same
 * again, the same into another repository. Prints times, peak memory and ratios. Usage: node bench/push.ts [MB]
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startRegistry } from '../test/support/registry.ts'
import { type Measured, measure } from './builders.ts'

const sizeMb = Number(process.argv[2] ?? 200)
const work = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'longshore-push-'))
const launcher = resolve(import.meta.dirname, '../bin/longshore')
const { NODE_EXTRA_CA_CERTS: _, ...ownEnv } = process.env
const env = { ...ownEnv, LONGSHORE_ROOT: join(work, 'store'), BUILDAH_ISOLATION: 'chroot' }
const buildahStore = ['--root', join(work, 'buildah'), '--runroot', join(work, 'run'), '--storage-driver', 'overlay']

function run(command: readonly string[]): void {
  const [program = '', ...args] = command
  const { status, stderr } = spawnSync(program, args, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command.join(' ')}\n${stderr}`)
}

/** Half words, half noise: compresses about as programs do. */
function makeContext(): string {
  const context = join(work, 'context')
  mkdirSync(context)
  for (let index = 0; index < sizeMb; index++) {
    const noise = randomBytes(512 * 1024)
    const words = Buffer.alloc(512 * 1024, `line ${index} of many that look alike\n`)
    writeFileSync(join(context, `file${index}`), Buffer.concat([noise, words]))
  }
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY file* /\n')
  return context
}

const registry = await startRegistry()
try {
  const context = makeContext()
  run([launcher, 'build', '-q', '-t', 'bench', context])
  mkdirSync(join(work, 'buildah'))
  run(['buildah', ...buildahStore, 'bud', '-q', '-t', 'bench', context])
  run([
    launcher,
    'save',
    '-q',
    '--format',
    'oci-dir',
    '--compression',
    'uncompressed',
    '-o',
    join(work, 'layout'),
    'bench',
  ])
  const to = (name: string): string => `${registry.host}/${name}:1`
  const tools: Readonly<Record<string, (name: string) => readonly string[]>> = {
    longshore: (name) => [launcher, 'push', '-q', 'bench', to(name)],
    buildah: (name) => [
      'buildah',
      ...buildahStore,
      'push',
      '-q',
      '--tls-verify=false',
      'bench',
      `docker://${to(name)}`,
    ],
    skopeo: (name) => [
      ...['skopeo', '--insecure-policy', 'copy', '-q', '--dest-tls-verify=false', '--dest-compress'],
      ...[`oci:${join(work, 'layout')}:latest`, `docker://${to(name)}`],
    ],
  }
  let own: readonly Measured[] = []
  for (const [tool, command] of Object.entries(tools)) {
    const rounds = [`${tool}/first`, `${tool}/first`, `${tool}/second`].map((name) => measure(command(name), env))
    if (tool === 'longshore') own = rounds
    const text = rounds.map(({ timeMs, peakKb }, index) => {
      const ratio = timeMs / (own[index]?.timeMs ?? timeMs)
      return `${(timeMs / 1000).toFixed(2)} s (${ratio.toFixed(1)} x, ${Math.round(peakKb / 1024)} MB)`
    })
    console.log(`${tool.padEnd(10)} new layer ${text[0]}, again ${text[1]}, another repository ${text[2]}`)
  }
} finally {
  await registry.stop()
  rmSync(work, { recursive: true, force: true })
}
