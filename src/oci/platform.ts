import { ToolError } from '../base/index.ts'
import { present } from './present.ts'
import { type Descriptor, type ImageIndex, mediaTypes, type Platform } from './types.ts'

const knownSystems = new Set(['linux', 'windows', 'darwin', 'freebsd', 'netbsd', 'openbsd', 'solaris', 'aix', 'wasip1'])
const knownArchitectures = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm'.split(' '),
)
const architectureNames: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  i386: ['386'],
  i686: ['386'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
  loongarch64: ['loong64'],
}

/**
 * Brings a platform to the names images use, by containerd's rules: `x86_64` → `amd64`, `aarch64` → `arm64`, arm
 * without variant → `v7`; the variants that mean the baseline (`amd64/v1`, `arm64/v8`) are dropped.
 */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase() === 'macos' ? 'darwin' : platform.os.toLowerCase()
  const given = platform.architecture.toLowerCase()
  const known = Object.hasOwn(architectureNames, given) ? architectureNames[given] : undefined
  const [architecture, implied] = known ?? [given]
  const variant = normalizeVariant(architecture, platform.variant?.toLowerCase() || implied)
  return present({ os, architecture, variant, osVersion: platform.osVersion })
}

function normalizeVariant(architecture: string, variant: string | undefined): string | undefined {
  const version = variant !== undefined && /^[0-9]/.test(variant) ? `v${variant}` : variant
  if (architecture === 'arm') return version ?? 'v7'
  if (architecture === 'amd64' && version === 'v1') return undefined
  if (architecture === 'arm64' && (version === 'v8' || version === 'v8.0')) return undefined
  return version
}

/**
 * Parses `os/arch[/variant]`; an architecture alone means linux, an operating system alone the architecture of `host`.
 * Throws `ToolError` `usage` for anything else.
 */
export function parsePlatform(text: string, host?: Platform): Platform {
  const parts = text.split('/')
  const [first = '', second, variant] = parts
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part))) throw invalidPlatform(text)
  if (second !== undefined) return normalizePlatform(present({ os: first, architecture: second, variant }))
  const alone = normalizePlatform({ os: 'linux', architecture: first })
  if (knownArchitectures.has(alone.architecture)) return alone
  const system = normalizePlatform({ os: first, architecture: host?.architecture ?? '' })
  if (host !== undefined && knownSystems.has(system.os)) return normalizePlatform({ ...host, os: system.os })
  throw invalidPlatform(text)
}

function invalidPlatform(text: string): ToolError {
  return new ToolError('usage', `"${text}" is not a platform: expected os/architecture[/variant]`, {
    hint: 'for example linux/amd64, linux/arm64 or linux/arm/v7',
  })
}

/** `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  const variant = platform.variant === undefined ? '' : `/${platform.variant}`
  return `${platform.os}/${platform.architecture}${variant}`
}

const nodeArchitectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
  mipsel: 'mipsle',
}

/** The platform of images that run here, from Node's name of the architecture (`process.arch`); the system is always linux. */
export function hostPlatform(nodeArch: string): Platform {
  return normalizePlatform({ os: 'linux', architecture: nodeArchitectures[nodeArch] ?? nodeArch })
}

/** The platforms that can run where `wanted` runs, best first (containerd's platform vector). Input and output are normalised. */
function runnable(wanted: Platform): readonly Platform[] {
  const { os, architecture, variant } = wanted
  const level = Number.parseInt((variant ?? '').replace(/^v/, ''), 10)
  const below = (arch: string, from: number, to: number): Platform[] => {
    const result: Platform[] = []
    for (let n = from; n >= to; n--) result.push(normalizePlatform({ os, architecture: arch, variant: `v${n}` }))
    return result
  }
  const plain = variant === undefined ? [] : [{ os, architecture }]
  if (architecture === 'amd64') return [wanted, ...below('amd64', level - 1, 1), ...plain, { os, architecture: '386' }]
  if (architecture === 'arm') return [wanted, ...below('arm', level - 1, 5)]
  if (architecture === 'arm64') return [wanted, ...below('arm64', level - 1, 8), ...plain, ...below('arm', 8, 5)]
  return [wanted]
}

function rank(wanted: Platform, offered: Platform): number | undefined {
  const { os, architecture, variant } = normalizePlatform(offered)
  const at = runnable(normalizePlatform(wanted)).findIndex(
    (item) => item.os === os && item.architecture === architecture && item.variant === variant,
  )
  return at < 0 ? undefined : at
}

/** Whether an image for `offered` runs where `wanted` is asked for: the same, or an older variant (containerd's rules). */
export function matchPlatform(wanted: Platform, offered: Platform): boolean {
  return rank(wanted, offered) !== undefined
}

const attestationType = 'vnd.docker.reference.type'

/** Whether an index entry is a build attestation, not an image (BuildKit marks them `unknown/unknown`). */
export function isAttestation(descriptor: Descriptor): boolean {
  if (descriptor.annotations?.[attestationType] !== undefined) return true
  return descriptor.platform?.os === 'unknown' && descriptor.platform.architecture === 'unknown'
}

const manifestTypes: ReadonlySet<string> = new Set([
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
])

/**
 * The entry of `index` that fits `platform` best: nearest variant first, then index order; an entry that names no
 * platform comes last. Attestations and unknown media types are passed over. Undefined when nothing fits.
 */
export function selectManifest(index: ImageIndex, platform: Platform): Descriptor | undefined {
  return selectByPlatform(imageEntries(index), platform)
}

/** The entries of an index that are images, or indexes of such: no attestations, no other things. */
export function imageEntries(index: ImageIndex): readonly Descriptor[] {
  return index.manifests.filter((entry) => !isAttestation(entry) && manifestTypes.has(entry.mediaType))
}

/** Of several things, the one that fits `wanted` best; as `selectManifest`. */
export function selectByPlatform<T extends { readonly platform?: Platform }>(
  offered: readonly T[],
  wanted: Platform,
): T | undefined {
  let best: T | undefined
  let bestRank = Number.POSITIVE_INFINITY
  for (const one of offered) {
    const found = one.platform === undefined ? Number.MAX_SAFE_INTEGER : rank(wanted, one.platform)
    if (found === undefined || found >= bestRank) continue
    best = one
    bestRank = found
  }
  return best
}

/** The platforms `index` offers, as text in index order, without attestations; for messages. */
export function offeredPlatforms(index: ImageIndex): readonly string[] {
  const names = index.manifests
    .filter((entry) => !isAttestation(entry))
    .flatMap((entry) => (entry.platform === undefined ? [] : [formatPlatform(entry.platform)]))
  return [...new Set(names)]
}
