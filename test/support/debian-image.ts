import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hostPlatform } from '../../src/oci/index.ts'
import { LayoutWriter } from './oci-image.ts'

interface AptSource {
  readonly mirror: string
  readonly release: string
}

const monthMs = 30 * 24 * 60 * 60 * 1000

/** Where apt of this machine takes its own release from. */
function aptSource(): AptSource | undefined {
  const format = ['indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)', 'Created-By: Packages']
  const { stdout } = spawnSync('apt-get', format, { encoding: 'utf8' })
  for (const line of (stdout ?? '').split('\n')) {
    const [mirror = '', release = '', component] = line.split(' ')
    if (component === 'main' && /^[a-z]+$/.test(release) && mirror !== '') return { mirror, release }
  }
  return undefined
}

/** Kept from run to run, outside the checkout: making it takes a minute. */
function cachedLayout({ release }: AptSource): string {
  const { XDG_CACHE_HOME: cache } = process.env
  const parent = join(cache?.startsWith('/') ? cache : join(homedir(), '.cache'), 'longshore-test')
  return join(parent, `debian-${release}-${process.arch}`)
}

function isFresh(layout: string): boolean {
  const made = statSync(join(layout, 'index.json'), { throwIfNoEntry: false })?.mtimeMs
  return made !== undefined && Date.now() - made < monthMs
}

/** Why a Debian image cannot be had here, or undefined. */
export function missingDebianParts(): string | undefined {
  const source = aptSource()
  if (source === undefined) return 'apt knows no main archive of a Debian release'
  if (isFresh(cachedLayout(source))) return undefined
  if (process.getuid?.() !== 0) return 'needs root, to make a Debian root file system'
  const missing = ['debootstrap', 'tar'].filter((program) => spawnSync('which', [program]).status !== 0)
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`
}

/**
 * An OCI layout with the tag `debian`: the smallest Debian that debootstrap makes, of this machine's own release and from
 * its own mirror, as an image of one gzipped layer.
 */
export async function debianLayout(): Promise<string> {
  const source = aptSource()
  if (source === undefined) throw new Error('apt knows no main archive of a Debian release')
  const layout = cachedLayout(source)
  if (isFresh(layout)) return layout
  mkdirSync(join(layout, '..'), { recursive: true })
  const work = mkdtempSync(`${layout}.`)
  try {
    await makeLayout(work, source)
    rmSync(layout, { recursive: true, force: true })
    // Another checkout's tests may have been faster.
    if (!existsSync(layout)) renameSync(join(work, 'layout'), layout)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return layout
}

async function makeLayout(work: string, { mirror, release }: AptSource): Promise<void> {
  const root = join(work, 'root')
  const command = ['--variant=minbase', release, root, mirror]
  await promisify(execFile)('debootstrap', command, { maxBuffer: 1 << 24 }).catch((error: unknown) => {
    const log = join(root, 'debootstrap/debootstrap.log')
    throw new Error(`debootstrap: ${error}\n${existsSync(log) ? readFileSync(log, 'utf8').slice(-2000) : ''}`)
  })
  // What Debian's own images leave out too: downloaded packages, lists, devices.
  const left = ['./var/cache/apt/*', './var/lib/apt/lists/*', './dev/*', './proc/*', './sys/*']
  const tar = join(work, 'layer.tar')
  execFileSync('tar', [
    '-C',
    root,
    '--numeric-owner',
    '--sort=name',
    ...left.map((path) => `--exclude=${path}`),
    '-cf',
    tar,
    '.',
  ])
  const writer = new LayoutWriter(join(work, 'layout'))
  const config = { env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], cmd: ['bash'] }
  const layer = { tar: readFileSync(tar), compression: 'gzip' } as const
  writer.finish({ debian: writer.addImage(hostPlatform(process.arch), [layer], config) })
}
