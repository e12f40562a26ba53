import { randomBytes, randomInt } from 'node:crypto'
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode, storeAction, ToolError } from '../base/index.ts'
import { isProcessAlive, markProcess } from '../sys/process-mark.ts'
import type { ProcessMark } from './container-state.ts'
import { adjectives, surnames } from './random-words.ts'

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/** Names of containers: a file each, which exists once however many ask for it at the same time. */
export interface ContainerNames {
  /** ID of the container that has the name. */
  owner(name: string): string | undefined
  /** Names by ID. */
  all(): ReadonlyMap<string, string>
  /** Gives a name to a container. Throws `ToolError` `usage` for one docker would refuse, `name-in-use` for one that is taken. */
  claim(name: string, id: string): void
  release(name: string, id: string): void
}

interface Claim {
  readonly id: string
  /** Who claimed it: a container that is not there yet, and a dead claimer, leave the name free. */
  readonly by: ProcessMark | undefined
}

/** Names below `directory`; `exists` says whether a container is there. */
export function openNames(directory: string, pid: number, exists: (id: string) => boolean): ContainerNames {
  const path = (name: string): string => join(directory, name)
  const read = (name: string): Claim | undefined => readClaim(path(name))
  const isHeld = (claim: Claim): boolean => exists(claim.id) || (claim.by !== undefined && isProcessAlive(claim.by))
  return {
    owner: (name) => read(name)?.id,
    all() {
      const pairs = list(directory).flatMap((name) => {
        const id = read(name)?.id
        return id === undefined ? [] : [[id, name] as const]
      })
      return new Map(pairs)
    },
    claim(name, id) {
      requireName(name)
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      const fresh = join(directory, `.${randomBytes(6).toString('hex')}`)
      writeFileSync(fresh, JSON.stringify({ id, by: markProcess(pid) }), { mode: 0o600 })
      try {
        storeAction(`name the container "${name}"`, () => claimFile(fresh, path(name), name, () => read(name), isHeld))
      } finally {
        rmSync(fresh, { force: true })
      }
    },
    release(name, id) {
      if (read(name)?.id === id) rmSync(path(name), { force: true })
    },
  }
}

function requireName(name: string): void {
  if (namePattern.test(name)) return
  throw new ToolError('usage', `"${name}" is not a container name`, {
    hint: 'use letters, digits, _ . and -, at least two characters, the first a letter or digit',
  })
}

/** link(2) makes the name with its content, or fails when it is there: two claims at once cannot both have it. */
function claimFile(
  fresh: string,
  path: string,
  name: string,
  current: () => Claim | undefined,
  isHeld: (claim: Claim) => boolean,
): void {
  for (;;) {
    try {
      linkSync(fresh, path)
      return
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw error
    }
    const claim = current()
    if (claim !== undefined && isHeld(claim)) {
      throw new ToolError('name-in-use', `the name "${name}" is taken by another container`, {
        hint: `choose another --name, or remove that one: longshore rm ${name}`,
      })
    }
    // Renamed first, so that of two who find it stale one removes it, and neither removes a new one.
    const stale = `${fresh}-stale`
    try {
      renameSync(path, stale)
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT') throw error
    }
    rmSync(stale, { force: true })
  }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith('.'))
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}

function readClaim(path: string): Claim | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value !== 'object' || value === null || !('id' in value) || typeof value.id !== 'string')
      return undefined
    return { id: value.id, by: 'by' in value ? claimer(value.by) : undefined }
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

function claimer(value: unknown): ProcessMark | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!('pid' in value) || !('startTime' in value) || !('bootId' in value)) return undefined
  const { pid, startTime, bootId } = value
  if (typeof pid !== 'number' || typeof startTime !== 'string' || typeof bootId !== 'string') return undefined
  return { pid, startTime, bootId }
}

/** A name nobody chose: an adjective and a surname, as docker makes them. `isTaken` has more digits added. */
export function randomName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const words = `${adjectives[randomInt(adjectives.length)]}_${surnames[randomInt(surnames.length)]}`
    const name = attempt < 5 ? words : `${words}${randomInt(1000)}`
    if (!isTaken(name)) return name
  }
}

/** A container ID: 64 hex digits, of which the first twelve are no number, so that no ID looks like one. */
export function randomContainerId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex')
    if (!/^\d{12}/.test(id)) return id
  }
}
