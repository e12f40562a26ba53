import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type DiffId, digestHex, type StepKey } from '../base/index.ts'
import type { RecordStore } from '../ports/index.ts'
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
    results() {
      const directory = join(root, 'records')
      return readdirSync(directory).flatMap((part) =>
        readdirSync(join(directory, part))
          .filter((name) => name.endsWith('.json'))
          .flatMap((name) => readJson(join(directory, part, name), decodeStepRecord)?.diffId ?? []),
      )
    },
    readLog(key) {
      return readIfExists(shard(root, 'records', key, '.log'))
    },
  }
}
