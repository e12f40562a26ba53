import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { relayAgent, startKeyAgent } from '../../src/ssh/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const env = { PATH: process.env['PATH'] ?? '' }
const missing = spawnSync('ssh-agent', ['-V']).error === undefined ? undefined : 'needs openssh-client'

function makeKey(directory: string, name: string, passphrase = ''): string {
  const file = join(directory, name)
  const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', name, '-f', file])
  expect(made.status).toBe(0)
  return file
}

/** ssh-add(1), which must not block this process: the relay answers it. */
async function sshAdd(socket: string, ...args: readonly string[]): Promise<{ status: number; output: string }> {
  const child = spawn('ssh-add', args, { env: { ...env, SSH_AUTH_SOCK: socket }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const status = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)))
  return { status, output }
}

test('keys of files can be listed through the relay, and not removed', async ({ skip }) => {
  if (missing !== undefined) skip(missing)
  const directory = temporaryDirectory()
  const keys = ['one', 'two'].map((name) => makeKey(directory, name))
  // ssh-add refuses a key that others may read; we have been given it, so it is taken.
  chmodSync(keys[0] ?? '', 0o644)
  // Longer than the address of a socket may be.
  const deep = join(directory, 'd'.repeat(120))
  mkdirSync(deep)
  const agent = await startKeyAgent(keys, deep, env)
  const path = join(directory, 'relay')
  const relay = await relayAgent({
    path,
    mode: 0o640,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    agent: agent.socket,
  })
  expect(statSync(path).mode & 0o7777).toBe(0o640)
  expect((await sshAdd(path, '-l')).output).toMatch(/ one \(ED25519\)\n.* two \(ED25519\)\n/)
  expect((await sshAdd(path, '-D')).status).not.toBe(0)
  expect((await sshAdd(path, '-x')).status).not.toBe(0)
  expect((await sshAdd(path, '-l')).output.split('\n').length).toBe(3)
  relay.close()
  expect(existsSync(path)).toBe(false)
  await agent.close()
  // Nobody listens any more.
  let last = 0
  for (const deadline = performance.now() + 10_000; last !== 2 && performance.now() < deadline; )
    last = spawnSync('ssh-add', ['-l'], { cwd: deep, env: { ...env, SSH_AUTH_SOCK: 'agent' } }).status ?? -1
  expect(last).toBe(2)
})

test('what is no key, or needs a passphrase, is said', async ({ skip }) => {
  if (missing !== undefined) skip(missing)
  const directory = temporaryDirectory()
  const locked = makeKey(directory, 'locked', 'a passphrase')
  for (const [index, file] of [locked, `${locked}.pub`, '/no/such'].entries()) {
    const place = join(directory, String(index))
    mkdirSync(place)
    await expect(startKeyAgent([file], place, env)).rejects.toMatchObject({ code: 'usage', message: /of --ssh/ })
  }
})

test('without OpenSSH it says what to install', async () => {
  const started = startKeyAgent([], temporaryDirectory(), { PATH: '/nowhere' })
  await expect(started).rejects.toMatchObject({ code: 'not-supported', hint: /openssh-client/ })
})

test('a relay whose agent is gone closes the connection', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'relay')
  const relay = await relayAgent({
    path,
    mode: 0o600,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    agent: '/no/agent',
  })
  const client = connect(path)
  // A reset and a close are both an end.
  client.on('error', () => undefined)
  client.write(Buffer.from([0, 0, 0, 1, 11]))
  await new Promise<void>((resolve) => client.once('close', () => resolve()))
  relay.close()
})
