import { closeSync, constants, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type DiffId, digestHex, errnoCode, type StepKey, storeAction } from '../base/index.ts'
import type { RecordStore, StepRecord } from '../ports/index.ts'
import { decodeSelectionRecord, decodeStepRecord } from './decode.ts'
import { readIfExists, readJson, writeAtomic } from './files.ts'

function shard(root: string, folder: string, key: StepKey, suffix: string): string {
  const hex = digestHex(key)
  return join(root, folder, hex.slice(0, 2), `${hex.slice(2)}${suffix}`)
}

/** Step records of a store, and what only `why`, `logs` and removing need. */
export interface Records extends RecordStore {
  readLog(key: StepKey): Uint8Array | undefined
  /** Layers that records lead to; reads every record. */
  results(): readonly DiffId[]
  /** All records, with when each was last made or read, to a day: a file system notes no more of reading. */
  entries(): readonly { readonly record: StepRecord; readonly usedMs: number }[]
  /** Removes a record and its log; the step runs again then. */
  remove(key: StepKey): void
}

/**
 * Step records, one small file a key (20 look-ups take under a millisecond), and the logs of the steps beside them. A
 * record that is unreadable counts as missing: the step then runs again.
 */
export function openRecords(root: string): Records {
  return {
    readRecord(key) {
      const record = readJson(shard(root, 'records', key, '.json'), decodeStepRecord)
      return record?.key === key ? record : undefined
    },
    writeRecord(record, log) {
      if (log !== undefined) writeAtomic(root, shard(root, 'records', record.key, '.log'), log)
      writeAtomic(root, shard(root, 'records', record.key, '.json'), JSON.stringify(record))
    },
    readSelection(key) {
      const record = readJson(shard(root, 'selections', key, '.json'), decodeSelectionRecord)
      return record?.key === key ? record : undefined
    },
    writeSelection(record) {
      writeAtomic(root, shard(root, 'selections', record.key, '.json'), JSON.stringify(record))
    },
    results: () => recordPaths(root).flatMap((path) => readUnnoticed(path)?.diffId ?? []),
    entries: () =>
      recordPaths(root).flatMap((path) => {
        const stat = statSync(path, { throwIfNoEntry: false })
        const record = readUnnoticed(path)
        if (stat === undefined || record === undefined) return []
        return [{ record, usedMs: Math.max(stat.atimeMs, stat.mtimeMs) }]
      }),
    remove(key) {
      storeAction('remove a result', () => {
        for (const suffix of ['.json', '.log']) rmSync(shard(root, 'records', key, suffix), { force: true })
      })
    },
    readLog(key) {
      return readIfExists(shard(root, 'records', key, '.log'))
    },
  }
}

function recordPaths(root: string): readonly string[] {
  const directory = join(root, 'records')
  return readdirSync(directory).flatMap((part) =>
    readdirSync(join(directory, part))
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(directory, part, name)),
  )
}

/** Reads a record without that counting as a use. Undefined when it is gone or unreadable. */
function readUnnoticed(path: string): StepRecord | undefined {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOATIME)
  } catch (error) {
    // Not our own file: then it has to count.
    if (errnoCode(error) === 'EPERM') return readJson(path, decodeStepRecord)
    if (errnoCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    return decodeStepRecord(JSON.parse(readFileSync(fd, 'utf8')))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  } finally {
    closeSync(fd)
  }
}
