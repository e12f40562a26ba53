import { type ChildProcess, spawn } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { endWithFirst, holdMountNamespace } from '../../src/supervisor/container-processes.ts'

const children: ChildProcess[] = []

/** A process in a mount namespace of its own; resolves when it is there. */
async function inOwnNamespace(): Promise<ChildProcess & { readonly pid: number }> {
  const words = ['--user', '--map-root-user', '--mount', 'sh', '-c', 'echo there; exec sleep 1000']
  const child = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  const { pid } = child
  if (pid === undefined) throw new Error('unshare was not started')
  return Object.assign(child, { pid })
}

async function killed(child: ChildProcess): Promise<void> {
  const over = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await over
}

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => (child.exitCode ?? child.signalCode) === null && killed(child)))
})

test('nobody else gets the number of a namespace that is held', async () => {
  const first = await inOwnNamespace()
  const held = holdMountNamespace(first.pid)
  expect(held?.name).toBe(readlinkSync(`/proc/${first.pid}/ns/mnt`))
  await killed(first)
  for (let round = 0; round < 10; round++) {
    const other = await inOwnNamespace()
    expect(readlinkSync(`/proc/${other.pid}/ns/mnt`)).not.toBe(held?.name)
    await killed(other)
  }
  held?.release()
})

test('the namespace of whoever asks, and of a process that has ended, is not held', async () => {
  expect(holdMountNamespace(process.pid)).toBeUndefined()
  expect(holdMountNamespace(process.ppid)).toBeUndefined()
  const ended = await inOwnNamespace()
  await killed(ended)
  expect(holdMountNamespace(ended.pid)).toBeUndefined()
})

test('what a first process leaves is ended with it, and nothing that comes later', async () => {
  const first = await inOwnNamespace()
  const words = ['--target', String(first.pid), '--user', '--mount', '--preserve-credentials', 'sleep', '1000']
  const left = spawn('nsenter', words, { stdio: 'ignore' })
  children.push(left)
  const name = readlinkSync(`/proc/${first.pid}/ns/mnt`)
  while (readlinkSync(`/proc/${left.pid}/ns/mnt`) !== name) await new Promise((resolve) => setTimeout(resolve, 5))
  const held = holdMountNamespace(first.pid)
  if (held === undefined) throw new Error('it has a namespace of its own')
  const leftEnded = new Promise<NodeJS.Signals | null>((resolve) => left.once('close', (_, signal) => resolve(signal)))
  const done = endWithFirst(first.pid, held, leftEnded)
  await killed(first)
  expect(await leftEnded).toBe('SIGKILL')
  await done
  const later = await inOwnNamespace()
  expect(later.exitCode).toBeNull()
})
