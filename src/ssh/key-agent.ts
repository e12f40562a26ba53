import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoCode, errorMessage, ToolError } from '../base/index.ts'

/** An agent of our own that holds given keys. `socket` is good in this process only. */
export interface KeyAgent {
  readonly socket: string
  close(): Promise<void>
}

const startMs = 10_000

/** Ends the agent when our end of its stdin closes: when we say so, or when we are gone, however that came. */
const keeper = 'cat >/dev/null; kill "$SSH_AGENT_PID"'

/**
 * Starts ssh-agent(1) with a socket in `directory` and gives it the keys in `files`. Throws `ToolError`
 * `not-supported` without OpenSSH, `usage` for a file that is no key or needs a passphrase.
 */
export async function startKeyAgent(
  files: readonly string[],
  directory: string,
  env: Readonly<Record<string, string>>,
): Promise<KeyAgent> {
  // Names relative to the directory: a socket's address holds 108 bytes, and paths of a store may be longer.
  const name = 'agent'
  const child = spawn('ssh-agent', ['-a', name, 'sh', '-c', keeper], {
    cwd: directory,
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const directoryFd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  const close = async (): Promise<void> => {
    child.stdin.end()
    await ended
    closeSync(directoryFd)
  }
  try {
    await waitFor(child, join(directory, name))
    for (const file of files) await addKey(file, name, directory, env)
    return { socket: `/proc/self/fd/${directoryFd}/${name}`, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function waitFor(agent: ChildProcess, socket: string): Promise<void> {
  let failure: unknown
  agent.once('error', (error) => {
    failure = error
  })
  agent.once('exit', (code, signal) => {
    failure ??= new Error(`it ended with ${signal ?? code}`)
  })
  for (const deadline = performance.now() + startMs; !existsSync(socket); await delay(5)) {
    if (failure === undefined && performance.now() < deadline) continue
    if (errnoCode(failure) === 'ENOENT') throw noOpenSsh(failure)
    const reason = failure === undefined ? 'it makes no socket' : errorMessage(failure)
    throw new ToolError('run-failed', `cannot start ssh-agent: ${reason}`, { cause: failure })
  }
}

function noOpenSsh(cause: unknown): ToolError {
  return new ToolError('not-supported', 'key files of --ssh need ssh-agent and ssh-add, which are not on PATH', {
    hint: 'install OpenSSH (apt-get install openssh-client), or give the socket of a running agent: --ssh default',
    cause,
  })
}

async function addKey(
  file: string,
  socket: string,
  directory: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const key = readKey(file)
  // By stdin, since ssh-add refuses files that others may read, and with nobody to ask for a passphrase.
  const child = spawn('ssh-add', ['-'], {
    cwd: directory,
    env: { ...env, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'force', SSH_ASKPASS: 'false' },
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text
  })
  // It may end before it has read all.
  child.stdin.on('error', () => undefined)
  child.stdin.end(key)
  const [code] = await once(child, 'close').catch((error: unknown) => {
    throw errnoCode(error) === 'ENOENT' ? noOpenSsh(error) : error
  })
  if (code === 0) return
  throw new ToolError('usage', `cannot use the key "${file}" of --ssh: ${words.trim().split('\n').at(-1) ?? ''}`, {
    hint: 'give a private key without passphrase, or load it into an agent and write --ssh default',
  })
}

function readKey(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new ToolError('usage', `cannot read the key "${file}" of --ssh: ${errorMessage(error)}`, {
      hint: 'check the path; a socket or a private key is expected',
      cause: error,
    })
  }
}
