import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errnoCode, storeAction, ToolError } from '../base/index.ts'
import { type Decoder, decodeJson } from '../oci/index.ts'
import { writeWhole } from '../sys/atomic-file.ts'
import { isProcessAlive, waitForLock } from '../sys/index.ts'
import { decodeLease, decodeNetwork, encodeRecord, type Lease, type NetworkRecord } from './network-record.ts'

/** The networks of a store and who is in them, on disk under `networks/`. */
export interface NetworkStore {
  readonly root: string
  /** Does `work` while nobody else changes networks, leases or rules. */
  locked<T>(work: () => T | Promise<T>): Promise<T>
  /** Sorted by name. */
  networks(): readonly NetworkRecord[]
  /** By name, or by the beginning of an ID that only one has. Throws `ToolError` `network-not-found`. */
  find(reference: string): NetworkRecord
  has(name: string): boolean
  write(record: NetworkRecord): void
  remove(name: string): void
  /** Leases whose owners live. */
  leases(network: string): readonly Lease[]
  writeLease(network: string, lease: Lease): void
  removeLease(network: string, container: string): void
  /** Removes the leases of dead owners; true when there was one. */
  removeDeadLeases(): boolean
}

/** Opens, and makes when missing, the networks of the store at `root`. */
export function openNetworkStore(root: string): NetworkStore {
  const directory = join(root, 'networks')
  const recordFile = (name: string): string => join(directory, name, 'network.json')
  const leaseDirectory = (name: string): string => join(directory, name, 'leases')
  const leaseFile = (name: string, container: string): string => join(leaseDirectory(name), `${container}.json`)
  const record = (name: string): NetworkRecord | undefined =>
    readRecord(recordFile(name), `network "${name}"`, decodeNetwork)
  const allLeases = (name: string): readonly Lease[] =>
    list(leaseDirectory(name)).flatMap((file) => {
      const lease = readRecord(join(leaseDirectory(name), file), `lease "${file}"`, decodeLease)
      return lease === undefined ? [] : [lease]
    })
  const networks = (): readonly NetworkRecord[] =>
    list(directory).flatMap((name) => {
      const found = record(name)
      return found === undefined ? [] : [found]
    })
  return {
    root,
    networks,
    locked: (work) => locked(directory, work),
    find: (reference) => findNetwork(networks(), reference),
    has: (name) => record(name) !== undefined,
    write: (value) => writeRecord(recordFile(value.name), encodeRecord(value)),
    remove: (name) =>
      storeAction('remove a network', () => rmSync(join(directory, name), { recursive: true, force: true })),
    leases: (network) => allLeases(network).filter(({ owner }) => isProcessAlive(owner)),
    writeLease: (network, lease) => writeRecord(leaseFile(network, lease.container), encodeRecord(lease)),
    removeLease: (network, container) =>
      storeAction('remove a lease', () => rmSync(leaseFile(network, container), { force: true })),
    removeDeadLeases() {
      let found = false
      for (const name of list(directory)) {
        for (const lease of allLeases(name)) {
          if (isProcessAlive(lease.owner)) continue
          found = true
          rmSync(leaseFile(name, lease.container), { force: true })
        }
      }
      return found
    },
  }
}

function findNetwork(networks: readonly NetworkRecord[], reference: string): NetworkRecord {
  const byName = networks.find(({ name }) => name === reference)
  if (byName !== undefined) return byName
  const byId = /^[0-9a-f]+$/.test(reference) ? networks.filter(({ id }) => id.startsWith(reference)) : []
  const [found] = byId
  if (found !== undefined && byId.length === 1) return found
  if (byId.length > 1) {
    throw new ToolError('network-not-found', `"${reference}" is the beginning of ${byId.length} networks' IDs`, {
      hint: 'write more of it, or the name',
    })
  }
  throw new ToolError('network-not-found', `there is no network "${reference}"`, {
    hint: `make it: longshore network create ${reference}; or see those there are: longshore network ls`,
  })
}

/** The kernel gives the lock back when its holder dies. */
async function locked<T>(directory: string, work: () => T | Promise<T>): Promise<T> {
  const fd = storeAction('open the networks', () => {
    mkdirSync(directory, { recursive: true, mode: 0o755 })
    return openSync(join(directory, 'lock'), 'a', 0o600)
  })
  try {
    await waitForLock(fd)
    return await work()
  } finally {
    closeSync(fd)
  }
}

/** For everybody to read: commands of all users of the store look who has which address. */
function writeRecord(path: string, text: string): void {
  storeAction(`write ${path}`, () => mkdirSync(dirname(path), { recursive: true }))
  writeWhole(path, text, 0o644)
}

/** Undefined when the file is not there; a broken one is an error, for what it says may be in use. */
function readRecord<T>(path: string, document: string, decoder: Decoder<T>): T | undefined {
  try {
    return decodeJson(readFileSync(path), document, decoder)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => !name.startsWith('.'))
      .sort()
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return []
    throw error
  }
}
