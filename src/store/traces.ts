import { mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
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
    hasTraces: (project) => names(folder(project)).length > 0,
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

/** Old builds of a project, as they lie in the store. */
export interface OldTraces {
  readonly project: string
  readonly files: readonly string[]
  readonly builds: number
  readonly sizeBytes: number
  /** When the newest of them was. */
  readonly usedMs: number
}

/** Builds of each project that are remembered; the last of each is left out unless `all` is set, for it tells what the next one changes. */
export function oldTraces(root: string, all: boolean): readonly OldTraces[] {
  const parent = join(root, 'traces')
  return names(parent).flatMap((project) => {
    const files = names(join(parent, project))
    const newest = all ? undefined : traceIds(files)[0]
    const listed = files.filter(
      (name) => newest === undefined || !(name.endsWith('.listing') || name.startsWith(newest)),
    )
    const stats = listed.flatMap((name) => {
      const stat = statSync(join(parent, project, name), { throwIfNoEntry: false })
      return stat === undefined ? [] : [stat]
    })
    if (stats.length === 0) return []
    const sizeBytes = stats.reduce((sum, { size }) => sum + size, 0)
    const usedMs = Math.max(...stats.map(({ mtimeMs }) => mtimeMs))
    return [{ project, files: listed, builds: traceIds(listed).length, sizeBytes, usedMs }]
  })
}

/** Forgets builds. Listings go when no build that is left took them. */
export function removeTraces(root: string, { project, files }: OldTraces): void {
  const folder = join(root, 'traces', project)
  storeAction(`tidy ${folder}`, () => {
    for (const name of files) rmSync(join(folder, name), { force: true })
    if (names(folder).length === 0) removeEmpty(folder)
  })
}

/** A build beside us may just be writing its trace into the folder. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    if (errnoCode(error) !== 'ENOTEMPTY' && errnoCode(error) !== 'ENOENT') throw error
  }
}
