import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { errnoCode, ToolError } from '../base/index.ts'
import { count, type Decoder, decodeJson, fieldsOf, text } from '../oci/index.ts'
import { isProcessAlive, markProcess, openProcess, type ProcessMark, signalProcess } from '../sys/index.ts'
import type { BridgePlace } from './bridge.ts'
import type { NetworkFacts } from './network-request.ts'
import { openNetworkStore } from './network-store.ts'

/*
 * The user networks of an ordinary user. Cables can only be laid between network namespaces of one user namespace, so
 * containers of user networks live in one that they share. A process that does nothing keeps it, and with it the
 * network namespace that has the bridges. It ends with the last network's last container.
 */

/** Where bridges of the user namespace that this process is in are made. Throws `ToolError` `network-failed` when its keeper is gone. */
export async function sharedPlace(root: string, facts: NetworkFacts): Promise<BridgePlace> {
  const keeper = readKeeper(root)
  if (keeper === undefined) {
    throw new ToolError('network-failed', 'the process that keeps the networks of this user is gone', {
      hint: 'stop the containers that use them, then start them again',
    })
  }
  const prefix = [facts.programs.nsenter ?? 'nsenter', `--net=/proc/${keeper.pid}/ns/net`, '--']
  return { facts, prefix, hasFirewall: false }
}

/**
 * Words to put before a program that is to live in the user namespace that containers of user networks share; it has a
 * mount namespace of its own. Starts the keeper when there is none: `unshareWords` make a user namespace with the
 * user's ids.
 */
export async function sharedNamespaceWords(
  root: string,
  facts: NetworkFacts,
  unshareWords: readonly string[],
): Promise<readonly string[]> {
  const store = openNetworkStore(root)
  return store.locked(async () => {
    const keeper = readKeeper(root) ?? (await startKeeper(root, unshareWords))
    const { nsenter = 'nsenter', unshare = 'unshare' } = facts.programs
    return [
      ...[nsenter, `--user=/proc/${keeper.pid}/ns/user`, '--preserve-credentials', '--'],
      ...[unshare, '--mount', '--'],
    ]
  })
}

/** Ends the keeper when no container uses a network of this user. Call it with no container of ours about to join. */
export async function releaseSharedNamespace(root: string): Promise<void> {
  const store = openNetworkStore(root)
  await store.locked(() => {
    if (store.networks().some(({ name }) => store.leases(name).length > 0)) return
    const keeper = readKeeper(root)
    if (keeper !== undefined) killProcess(keeper)
    rmSync(keeperFile(root), { force: true })
  })
}

async function startKeeper(root: string, unshareWords: readonly string[]): Promise<ProcessMark> {
  const [program = 'unshare', ...args] = unshareWords
  // It says when it is in its namespaces, and waits for an end that never comes.
  const script = 'echo ready; exec <&- >&- 2>&-; trap "" HUP INT TERM; exec sleep infinity'
  const child = spawn(program, [...args, 'unshare', '--net', '--', 'sh', '-c', script], {
    cwd: '/',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words += chunk
  })
  await new Promise<void>((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(new ToolError('network-failed', `cannot make the namespaces of this user's networks: ${reason}`))
    child.once('error', (error) => fail(String(error)))
    child.once('close', (code) => fail(words.trim() || `unshare ended with ${code}`))
    child.stdout.once('data', () => resolve())
  })
  child.removeAllListeners('close')
  child.unref()
  const mark = child.pid === undefined ? undefined : markProcess(child.pid)
  if (mark === undefined) throw new ToolError('network-failed', "the keeper of this user's networks ended at once")
  mkdirSync(join(root, 'networks'), { recursive: true })
  writeFileSync(keeperFile(root), JSON.stringify(mark), { mode: 0o600 })
  return mark
}

function keeperFile(root: string): string {
  return join(root, 'networks', '.keeper.json')
}

const decodeMark: Decoder<ProcessMark> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    pid: fields.required('pid', count),
    startTime: fields.required('startTime', text),
    bootId: fields.required('bootId', text),
  }
}

/** The living keeper of the store, or undefined. */
function readKeeper(root: string): ProcessMark | undefined {
  try {
    const mark = decodeJson(readFileSync(keeperFile(root)), 'keeper of networks', decodeMark)
    return isProcessAlive(mark) ? mark : undefined
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function killProcess(mark: ProcessMark): void {
  const { pid } = mark
  let fd: number
  try {
    fd = openProcess(pid)
  } catch (error) {
    if (errnoCode(error) === 'ESRCH') return
    throw error
  }
  try {
    if (isProcessAlive(mark)) signalProcess(fd, constants.signals.SIGKILL)
  } finally {
    closeSync(fd)
  }
}
