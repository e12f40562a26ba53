import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { release, userInfo } from 'node:os'
import { dirname } from 'node:path'
import { errnoCode } from '../base/index.ts'
import type { Isolation } from '../ports/index.ts'

/** Whether an isolation worked when it was tried: no reason when it did. */
export interface Verdict {
  readonly reason?: string
}

interface Circumstances {
  readonly probeCacheFile?: string
  readonly inUserNamespace: boolean
}

/** The verdict of the last trial under the same circumstances, or undefined. */
export function readVerdict(
  circumstances: Circumstances,
  isolation: Isolation,
  program: string | undefined,
): Verdict | undefined {
  if (circumstances.probeCacheFile === undefined) return undefined
  const entry = readEntries(circumstances.probeCacheFile)[slotOf(circumstances, isolation)]
  if (typeof entry !== 'object' || entry === null) return undefined
  if (!('key' in entry) || entry.key !== verdictKey(program)) return undefined
  return 'reason' in entry && typeof entry.reason === 'string' ? { reason: entry.reason } : {}
}

/** Remembers a verdict. One place per isolation and user: the file does not grow. */
export function writeVerdict(
  circumstances: Circumstances,
  isolation: Isolation,
  program: string | undefined,
  verdict: Verdict,
): void {
  const file = circumstances.probeCacheFile
  if (file === undefined) return
  const entry = { key: verdictKey(program), ...verdict }
  const text = JSON.stringify({ ...readEntries(file), [slotOf(circumstances, isolation)]: entry }, undefined, 2)
  mkdirSync(dirname(file), { recursive: true })
  const fresh = `${file}.${randomBytes(6).toString('hex')}`
  writeFileSync(fresh, `${text}\n`, { mode: 0o600 })
  renameSync(fresh, file)
}

function slotOf({ inUserNamespace }: Circumstances, isolation: Isolation): string {
  return `${isolation} ${userInfo().uid}${inUserNamespace ? ' user-namespace' : ''}`
}

/**
 * What a verdict depends on: the program, which an upgrade replaces; the kernel; and the boot, since settings that
 * forbid namespaces or change the cgroup hierarchy seldom change without one.
 */
function verdictKey(program: string | undefined): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  const stat = program === undefined ? undefined : statSync(program, { throwIfNoEntry: false })
  return ['v1', program, stat?.size, stat?.mtimeMs, release(), boot].join(' ')
}

/** The remembered entries; none when the file is missing or is not what we write. */
function readEntries(file: string): Readonly<Record<string, unknown>> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return {}
    throw error
  }
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    // Broken by whatever means, it is only a memory: the next verdict replaces it.
    return {}
  }
}
