/** What RUN --mount can mount; without `type` it is the first. */
export const mountTypes = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const

export type MountType = (typeof mountTypes)[number]

/** How a cache mount may be used by several steps at a time; without `sharing` it is the first. */
export const cacheSharings = ['shared', 'private', 'locked'] as const

export type CacheSharing = (typeof cacheSharings)[number]

export interface MountOptionRule {
  /** Other names of it. */
  readonly aliases: readonly string[]
  /** May stand without a value, and means `true` then. */
  readonly bare: boolean
  /** Types that take it. */
  readonly types: readonly MountType[]
  /** What it is on another type: refused, or without effect as in BuildKit. */
  readonly elsewhere: 'refused' | 'no-effect'
}

const everywhere = { aliases: [], bare: false, types: mountTypes, elsewhere: 'refused' } as const
const owned = { ...everywhere, types: ['cache', 'secret', 'ssh'] } as const

/** The options of RUN --mount by name, as of Dockerfile frontend 1.20. Names are read in any case. */
export const mountOptionTable = {
  type: everywhere,
  target: { ...everywhere, aliases: ['dst', 'destination'] },
  source: { ...everywhere, aliases: ['src'], types: ['bind', 'cache', 'secret'] },
  from: { ...everywhere, types: ['bind', 'cache'] },
  // BuildKit takes these two everywhere; tmpfs, secret and ssh mounts are what they are.
  readonly: { ...everywhere, aliases: ['ro'], bare: true },
  readwrite: { ...everywhere, aliases: ['rw'], bare: true },
  id: { ...everywhere, types: ['cache', 'secret', 'ssh'], elsewhere: 'no-effect' },
  sharing: { ...everywhere, types: ['cache'] },
  size: { ...everywhere, types: ['tmpfs'] },
  required: { ...everywhere, bare: true, types: ['secret', 'ssh'] },
  env: { ...everywhere, types: ['secret'], elsewhere: 'no-effect' },
  mode: owned,
  uid: owned,
  gid: owned,
} as const satisfies Readonly<Record<string, MountOptionRule>>

export type MountOptionName = keyof typeof mountOptionTable

/** The rule of an option, with its literal types widened. */
export function mountOptionRule(name: MountOptionName): MountOptionRule {
  return mountOptionTable[name]
}

/** The option that `word` names, in any case and by any alias. */
export function findMountOption(word: string): MountOptionName | undefined {
  const key = word.toLowerCase()
  return mountOptionNames.find((name) => name === key || mountOptionRule(name).aliases.includes(key))
}

/** All options, in the order of the table. */
export const mountOptionNames: readonly MountOptionName[] = Object.keys(mountOptionTable).filter(isMountOptionName)

function isMountOptionName(word: string): word is MountOptionName {
  return Object.hasOwn(mountOptionTable, word)
}
