import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { compareCodeUnits, digestHex, errnoCode, storeAction, storeError } from '../base/index.ts'
import type { BuildTrace, TraceStore } from '../ports/index.ts'
import { decodeBuildTrace, decodeListing } from './decode-trace.ts'
import { readIfExists, readJson, writeAtomic } from './files.ts'

/** Builds kept of each project; older ones make way. */
const keptBuilds = 20

/** Everything of a project in `traces/PROJECT`: `ID.json`, logs of its failed steps `ID.STEP.log`, listings `DIGEST.listing`. */
export function openTraces(root: string): TraceStore {
  const folder = (project: string): string => join(root, 'traces', project)
  const tracePath = (project: string, id: string): string => join(folder(project), `${id}.json`)
  const logPath = (project: string, id: string, step: number): string => join(folder(project), `${id}.${step}.log`)
  const listingPath = (project: string, digest: string): string => join(folder(project), `${digest}.listing`)
  const kept = (project: string): readonly BuildTrace[] =>
    traceIds(names(folder(project))).flatMap((id) => readJson(tracePath(project, id), decodeBuildTrace) ?? [])
  return {
    writeTrace(project, trace, { logs, listings }) {
      storeAction(`make ${folder(project)}`, () => mkdirSync(folder(project), { recursive: true }))
      // The trace comes first: what it names is not taken for left over by another process that tidies up meanwhile.
      writeAtomic(root, tracePath(project, trace.id), JSON.stringify(trace))
      for (const [step, log] of logs) writeAtomic(root, logPath(project, trace.id, step), log)
      for (const [digest, files] of listings)
        writeAtomic(root, listingPath(project, digestHex(digest)), JSON.stringify(files))
      storeAction(`tidy ${folder(project)}`, () => forgetOld(folder(project), kept(project)))
    },
    traces: kept,
    readFailedLog: (project, id, step) => readIfExists(logPath(project, id, step)),
    listing: (project, digest) => readJson(listingPath(project, digestHex(digest)), decodeListing),
  }
}

/** Ids of traces, the newest first. */
function traceIds(files: readonly string[]): string[] {
  return files
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort((a, b) => compareCodeUnits(b, a))
}

/** Removes builds beyond the newest ones, and listings that none of those took. */
function forgetOld(folder: string, traces: readonly BuildTrace[]): void {
  const remaining = traces.slice(0, keptBuilds)
  const oldest = remaining.at(-1)?.id ?? ''
  const listings = new Set(
    remaining.flatMap(({ steps }) =>
      steps.flatMap(({ files, mounted = [] }) => [...(files ? [files] : []), ...mounted].map(digestHex)),
    ),
  )
  for (const name of names(folder)) {
    const [id = ''] = name.split('.')
    const left = name.endsWith('.listing') ? listings.has(id) : compareCodeUnits(id, oldest) >= 0
    if (!left) rmSync(join(folder, name), { force: true })
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw storeError(`read ${folder}`, error)
  }
}
