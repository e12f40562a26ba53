import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { canonicalHash, errorMessage } from '../base/index.ts'
import type { Engine } from './engine.ts'
import { execStub } from './exec-stub.ts'
import { runContainer } from './run-container.ts'
import type { StateDirectory } from './state-directory.ts'

/** Verdicts by key: an empty text for "works", else the reason why not. */
export interface ProbeCache {
  get(key: string): string | undefined
  set(key: string, verdict: string): void
}

/** Reads the verdicts remembered in `file`; a missing or damaged one is an empty one. Without a file nothing is remembered. */
export function readProbeCache(file: string | undefined): ProbeCache {
  const verdicts = new Map(file === undefined ? [] : readVerdicts(file))
  return {
    get: (key) => verdicts.get(key),
    set(key, verdict) {
      verdicts.set(key, verdict)
      if (file === undefined) return
      mkdirSync(dirname(file), { recursive: true })
      const fresh = `${file}.${Math.random().toString(36).slice(2)}`
      writeFileSync(fresh, JSON.stringify(Object.fromEntries(verdicts)))
      renameSync(fresh, file)
    },
  }
}

function readVerdicts(file: string): readonly (readonly [string, string])[] {
  try {
    const document: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof document !== 'object' || document === null) return []
    return Object.entries(document).flatMap(([key, value]) =>
      typeof value === 'string' ? [[key, value] as const] : [],
    )
  } catch {
    // Not there yet, or damaged: the probes run again and write it anew.
    return []
  }
}

/**
 * Runs a container with `engine` unless its verdict is remembered: undefined when it works, else why not. Only success
 * is kept, since what is in the way may be put right at any time.
 */
export async function probeEngine(
  engine: Engine,
  program: string,
  state: StateDirectory,
  cache: ProbeCache,
  options: { readonly inUserNamespace: boolean; readonly arch: string; readonly stateDirectory: string },
): Promise<string | undefined> {
  const { size, mtimeMs } = statSync(program)
  const { inUserNamespace } = options
  const owner = statSync('/proc/self').uid
  const key = canonicalHash('longshore.isolation-probe/1', {
    isolation: engine.isolation,
    program,
    size,
    mtimeMs: String(mtimeMs),
    kernel: release(),
    uid: owner,
    uidMap: readFileSync('/proc/self/uid_map', 'latin1'),
    inUserNamespace,
  })
  if (cache.get(key) === '') return undefined
  const reason = await runProbe(engine, state, options)
  if (reason === undefined) cache.set(key, '')
  return reason
}

/** A root of nothing but one small program: the exec stub, told to execute what is not there, ends with 127. */
async function runProbe(
  engine: Engine,
  state: StateDirectory,
  options: { readonly arch: string; readonly stateDirectory: string },
): Promise<string | undefined> {
  const stub = execStub(options.arch)
  // Nothing to try on this processor; the first step will tell.
  if (stub === undefined) return undefined
  const scratch = mkdtempSync(join(options.stateDirectory, '.probe-'))
  try {
    const rootfs = join(scratch, 'root')
    mkdirSync(rootfs)
    writeFileSync(join(rootfs, 'probe'), stub, { mode: 0o755 })
    const output: Uint8Array[] = []
    const { done } = runContainer(engine, state, {
      ...{
        id: basename(scratch)
          .toLowerCase()
          .replace(/[^a-z0-9-]/g, ''),
        rootfs,
        scratch,
      },
      ...{
        args: ['/probe', '', '/none'],
        env: [],
        cwd: '/',
        user: '0:0',
        hostname: 'probe',
        network: 'host',
        mounts: [],
      },
      terminal: false,
      stdio: { kind: 'capture', onOutput: (_, chunk) => output.push(chunk) },
    })
    const { exitCode } = await done
    return exitCode === 127
      ? undefined
      : `a trial ended with ${exitCode}: ${Buffer.concat(output).toString('utf8').trim()}`
  } catch (error) {
    return errorMessage(error)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
