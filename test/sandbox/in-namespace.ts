import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import type { Isolation } from '../../src/ports/index.ts'
import { makeActor, unavailable } from '../support/actor.ts'
import { makeTemporaryDirectory } from '../support/temporary.ts'
import type { Job, JobResult } from './sandbox-child.ts'

export type Mode = 'root' | 'user'

const child = join(import.meta.dirname, 'sandbox-child.ts')

/** Holds what the ordinary user is made of, and compiled modules, which halve the start of a job. */
let directory: string | undefined
afterAll(() => {
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
})

/** Why these tests cannot run here in `mode`, or undefined. */
export function obstacle(mode: Mode, isolation?: Isolation): string | undefined {
  const missing = unavailable(mode)
  if (missing !== undefined) return missing
  if (!existsSync('/bin/busybox')) return 'needs busybox-static'
  if (isolation !== undefined && isolation !== 'builtin' && spawnSync(isolation, ['--version']).status !== 0)
    return `needs ${isolation}`
  return undefined
}

/** The command that runs a script (jobs, when none is given) as root, or as an ordinary user in a user namespace. */
export function jobCommand(mode: Mode, script = child): readonly [string, ...string[]] {
  directory ??= makeTemporaryDirectory()
  const compiled = join(directory, `compiled-${mode}`)
  mkdirSync(compiled, { recursive: true })
  chmodSync(compiled, 0o777)
  const node = ['env', `NODE_COMPILE_CACHE=${compiled}`, process.execPath, script] as const
  if (mode === 'root') return [...node]
  const namespace = ['unshare', '--user', '--map-auto', '--map-root-user', '--mount', '--']
  // Each program becomes the next one: a kill reaches the job itself.
  const [file = '', ...args] = makeActor('user', directory).wrap([...namespace, ...node], '/', {})
  return [file, ...args]
}

/** Runs a job to its end, while servers of this process go on answering. */
export function runJob(mode: Mode, job: Omit<Job, 'inUserNamespace'>): Promise<JobResult> {
  const [file, ...args] = jobCommand(mode)
  const started = spawn(file, args, { cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] })
  started.stdin.end(JSON.stringify({ ...job, inUserNamespace: mode === 'user' }))
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    started[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  }
  return new Promise((resolve, reject) => {
    started.once('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(output.stdout))
      else reject(new Error(`job failed: ${signal ?? code} ${output.stderr}`))
    })
  })
}

/**
 * Starts a job that runs until it is killed or its runs have `ended`; resolves once all `texts` were seen. A killed one cannot
 * clean up, so its files lie beside its state directory, for the caller to remove.
 */
export function startJob(
  mode: Mode,
  job: Omit<Job, 'inUserNamespace'> & { readonly stateDirectory: string },
  ...texts: readonly string[]
): Promise<{ readonly ended: Promise<void>; kill(): Promise<void> }> {
  const [file, ...args] = jobCommand(mode)
  const env = { ...process.env, TMPDIR: dirname(job.stateDirectory) }
  const started = spawn(file, args, { cwd: '/', env, stdio: ['pipe', 'ignore', 'pipe'] })
  started.stdin.end(JSON.stringify({ ...job, announce: true, inUserNamespace: mode === 'user' }))
  let seen = ''
  return new Promise((resolve, reject) => {
    started.once('exit', (code) => reject(new Error(`job ended early: ${code} ${seen}`)))
    started.stderr.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      if (!texts.every((text) => seen.includes(text))) return
      started.removeAllListeners('exit')
      const ended = new Promise<void>((gone) => started.once('exit', () => gone()))
      resolve({
        ended,
        kill: () => {
          started.kill('SIGKILL')
          return ended
        },
      })
    })
  })
}
