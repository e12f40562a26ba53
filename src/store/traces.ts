import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { compareCodeUnits, digestHex, errnoCode, storeAction } from '../base/index.ts'
import type { BuildTrace, TraceStore } from '../ports/index.ts'
import { decodeBuildTrace, decodeListing } from './decode-trace.ts'
import { readIfExists, readJson, writeAtomic } from './files.ts'

/** Builds kept of each project; older ones make way. */
const keptBuilds = 20

/** Traces in `traces/PROJECT/ID.json`, logs of failed steps beside them, listings in `listings/`. */
export function openTraces(root: string): TraceStore {
  const folder = (project: string): string => join(root, 'traces', project)
  const logPath = (project: string, id: string, step: number): string => join(folder(project), `${id}.${step}.log`)
  const listingPath = (digest: string): string => join(root, 'listings', digest.slice(0, 2), `${digest.slice(2)}.json`)
  return {
    writeTrace(project, trace, logs) {
      storeAction(`make ${folder(project)}`, () => mkdirSync(folder(project), { recursive: true }))
      for (const [step, log] of logs) writeAtomic(root, logPath(project, trace.id, step), log)
      writeAtomic(root, join(folder(project), `${trace.id}.json`), JSON.stringify(trace))
      forgetOld(folder(project))
    },
    traces(project) {
      const ids = traceIds(names(folder(project)))
      return ids.flatMap((id): BuildTrace[] => {
        const trace = readJson(join(folder(project), `${id}.json`), decodeBuildTrace)
        return trace === undefined ? [] : [trace]
      })
    },
    readFailedLog: (project, id, step) => readIfExists(logPath(project, id, step)),
    writeListing(digest, files) {
      writeAtomic(root, listingPath(digestHex(digest)), JSON.stringify(files))
    },
    listing: (digest) => readJson(listingPath(digestHex(digest)), decodeListing),
  }
}

/** Ids of traces, the newest first. */
function traceIds(files: readonly string[]): string[] {
  return files
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort((a, b) => compareCodeUnits(b, a))
}

function forgetOld(folder: string): void {
  const files = names(folder)
  const kept = new Set(traceIds(files).slice(0, keptBuilds))
  for (const name of files) {
    const id = name.split('.')[0]
    if (id !== undefined && !kept.has(id)) rmSync(join(folder, name), { force: true })
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}
