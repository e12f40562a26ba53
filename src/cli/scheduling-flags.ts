import { parseSize, ToolError } from '../base/index.ts'
import { parseDuration } from '../dockerfile/go-duration.ts'
import type { BuildRequest } from '../engine/build-request.ts'
import type { Host } from '../engine/host.ts'
import type { BuildFlags } from './flags.ts'

/** What the flags say about the use of remembered results and about failures. Throws `ToolError` `usage`. */
export function schedulingFields(
  flags: Pick<BuildFlags, 'cacheFilter' | 'cacheTtl' | 'keepGoing'>,
): Pick<BuildRequest, 'noCacheFilter' | 'cacheTtlMs' | 'keepGoing'> {
  const { cacheFilter, cacheTtl, keepGoing = false } = flags
  return {
    noCacheFilter: commaList(cacheFilter),
    keepGoing,
    ...(cacheTtl === undefined ? {} : { cacheTtlMs: ttlMs(cacheTtl) }),
  }
}

/** `--locked` and where the lock file is. Throws `ToolError` `usage`. */
export function lockedField(flags: Pick<BuildFlags, 'locked' | 'lockfile' | 'pull'>): Pick<BuildRequest, 'locked'> {
  const { locked = false, lockfile, pull = false } = flags
  if (!locked && lockfile !== undefined)
    throw new ToolError('usage', '--lockfile names a file for --locked', { hint: 'add --locked' })
  if (locked && pull) {
    throw new ToolError('usage', '--pull takes what is newest, and --locked what was locked', {
      hint: 'run longshore lock to lock what is newest now',
    })
  }
  return locked ? { locked: lockfile ?? true } : {}
}

/** What the cache may have afterwards, by flag or environment. Throws `ToolError` `usage`. */
export function budgetField(flag: string | undefined, { env }: Host): Pick<BuildRequest, 'cacheBudget'> {
  const name = 'LONGSHORE_CACHE_BUDGET'
  const text = flag ?? env[name]
  if (text === undefined || text === '') return {}
  if (text === 'none') return { cacheBudget: text }
  return { cacheBudget: parseSize(text, flag === undefined ? name : '--cache-budget', 'decimal') }
}

/** Limits of RUN steps. */
export function limitFields({ memory, cpus, shmSize, ulimit }: BuildFlags): BuildRequest['limits'] {
  return {
    ulimits: ulimit,
    ...(memory === undefined ? {} : { memory }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(shmSize === undefined ? {} : { shmSize }),
  }
}

/** `--offline`, which leaves nothing to look for. Throws `ToolError` `usage`. */
export function offline({ offline: wanted = false, pull = false }: Pick<BuildFlags, 'offline' | 'pull'>): boolean {
  if (!wanted || !pull) return wanted
  throw new ToolError('usage', '--pull asks registries, and --offline forbids it', { hint: 'leave one of them out' })
}

/** Values of a flag that takes lists with commas and may be repeated. */
export function commaList(values: readonly string[]): readonly string[] {
  return values.flatMap((value) =>
    value
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )
}

function ttlMs(text: string): number {
  const nanoseconds = parseDuration(text)
  if (nanoseconds !== undefined && nanoseconds > 0) return nanoseconds / 1e6
  throw new ToolError('usage', `--cache-ttl: "${text}" is no time span`, {
    hint: 'write a number and a unit, ns, us, ms, s, m or h: 90m, 12h, 1h30m',
  })
}
