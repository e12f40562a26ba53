import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Isolation } from '../../src/ports/index.ts'
import type { Job, JobResult } from './sandbox-child.ts'

export type Mode = 'root' | 'user'

const child = join(import.meta.dirname, 'sandbox-child.ts')
const unprivileged = 'tester'

/** Why these tests cannot run here in `mode`, or undefined. */
export function obstacle(mode: Mode, isolation?: Isolation): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  if (!existsSync('/bin/busybox')) return 'needs busybox-static'
  if (isolation !== undefined && isolation !== 'builtin' && spawnSync(isolation, ['--version']).status !== 0)
    return `needs ${isolation}`
  if (mode === 'root') return undefined
  if (!readFileSync('/etc/passwd', 'utf8').includes(`\n${unprivileged}:`))
    return `needs a user ${unprivileged} with subordinate ids`
  return undefined
}

/** The command that runs a job as root, or as an ordinary user in a user namespace. */
export function jobCommand(mode: Mode): readonly [string, ...string[]] {
  const node = [process.execPath, child] as const
  if (mode === 'root') return [...node]
  const namespace = ['unshare', '--user', '--map-auto', '--map-root-user', '--mount', '--']
  // Not su or runuser: these stay in between, and a kill would reach only them.
  const become = ['setpriv', `--reuid=${unprivileged}`, `--regid=${unprivileged}`, '--init-groups', '--'] as const
  return [...become, ...namespace, ...node]
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

/** Starts a job that runs until it is killed; resolves once `text` was seen. */
export function startJob(
  mode: Mode,
  job: Omit<Job, 'inUserNamespace'>,
  text: string,
): Promise<{ kill(): Promise<void> }> {
  const [file, ...args] = jobCommand(mode)
  const started = spawn(file, args, { cwd: '/', stdio: ['pipe', 'ignore', 'pipe'] })
  started.stdin.end(JSON.stringify({ ...job, announce: true, inUserNamespace: mode === 'user' }))
  let seen = ''
  return new Promise((resolve, reject) => {
    started.once('exit', (code) => reject(new Error(`job ended early: ${code} ${seen}`)))
    started.stderr.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      if (!seen.includes(text)) return
      started.removeAllListeners('exit')
      resolve({
        kill: () =>
          new Promise((gone) => {
            started.once('exit', () => gone())
            started.kill('SIGKILL')
          }),
      })
    })
  })
}
