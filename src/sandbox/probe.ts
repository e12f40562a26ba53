import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { errnoCode, errorMessage, ToolError } from '../base/index.ts'
import * as sys from '../sys/index.ts'
import type { Engine } from './engine.ts'
import { runContainer } from './run-container.ts'
import type { StateDirectory } from './state-directory.ts'

/** Whether an isolation works on this machine, and if not, why in the words of whoever refused. */
export type ProbeResult = { readonly works: true } | { readonly works: false; readonly reason: string }

/**
 * Tries an engine out: it is asked to run an empty program in an empty root. When all that makes a container works,
 * the kernel's own refusal to execute it (126) is the answer. `scratch` is a private directory.
 */
export async function probeEngine(engine: Engine, state: StateDirectory, scratch: string): Promise<ProbeResult> {
  const directory = mkdtempSync(join(scratch, 'probe-'))
  const rootfs = join(directory, 'root')
  mkdirSync(rootfs)
  sys.mount(rootfs, rootfs, '', sys.MS_BIND)
  try {
    writeFileSync(join(rootfs, 'probe'), '\0', { mode: 0o755 })
    const run = runContainer(engine, state, {
      id: `probe-${engine.isolation}`,
      rootfs,
      scratch: directory,
      args: ['/probe'],
      env: [],
      cwd: '/',
      user: '',
      hostname: 'probe',
      network: 'host',
      mounts: [],
      terminal: false,
      stdio: { kind: 'capture', onOutput: () => undefined },
    })
    const { exitCode } = await run.done
    return exitCode === 126 ? { works: true } : { works: false, reason: `the trial container ended with ${exitCode}` }
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    return { works: false, reason: errorMessage(error) }
  } finally {
    sys.umount(rootfs, sys.MNT_DETACH)
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Remembers probe results in a small file, so that a machine is probed once. */
export class ProbeCache {
  readonly #file: string | undefined
  readonly #results: Map<string, ProbeResult>

  constructor(file: string | undefined) {
    this.#file = file
    this.#results = file === undefined ? new Map() : readResults(file)
  }

  find(identity: string): ProbeResult | undefined {
    return this.#results.get(identity)
  }

  add(identity: string, result: ProbeResult): void {
    this.#results.set(identity, result)
    if (this.#file === undefined) return
    const temporary = `${this.#file}.${randomBytes(6).toString('hex')}.tmp`
    writeFileSync(temporary, JSON.stringify([...this.#results]))
    renameSync(temporary, this.#file)
  }
}

function readResults(file: string): Map<string, ProbeResult> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return new Map(Array.isArray(value) ? value.filter(isResult) : [])
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || error instanceof SyntaxError) return new Map()
    throw error
  }
}

function isResult(value: unknown): value is [string, ProbeResult] {
  if (!Array.isArray(value) || typeof value[0] !== 'string') return false
  const result: unknown = value[1]
  return (
    typeof result === 'object' && result !== null && 'works' in result && (result.works === true || 'reason' in result)
  )
}

/** What a probe's answer depends on: the programs, the kernel, and who asks. */
export function probeIdentity(isolation: string, programs: readonly string[], user: string): string {
  const parts = programs.map((path) => {
    const { size, mtimeMs } = statSync(path)
    return `${path}:${size}:${mtimeMs}`
  })
  return [isolation, release(), user, ...parts].join(' ')
}
