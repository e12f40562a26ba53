import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { startServer } from './registry.ts'

/** A package of the tests, with what it depends on. */
export interface TestPackage {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>
}

/** A registry for npm, pnpm and yarn on loopback, as small as can be: documents of packages, and their archives. */
export interface NpmRegistry {
  readonly url: string
  /** Adds a package, which is its own manifest and one module. */
  publish(manifest: TestPackage): void
  stop(): Promise<void>
}

interface Published extends TestPackage {
  readonly archive: Buffer
}

/** Starts a registry with packages. */
export async function startNpmRegistry(packages: readonly TestPackage[]): Promise<NpmRegistry> {
  const published = new Map<string, Map<string, Published>>()
  const { url, stop } = await startServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').replace(/\?.*/, '')).slice(1)
    const [, name = '', version = ''] = /^(.+)\/-\/.*?(\d+\.\d+\.\d+)\.tgz$/.exec(path) ?? []
    const archive = published.get(name)?.get(version)?.archive
    const versions = published.get(path)
    if (archive !== undefined) response.end(archive)
    else if (versions === undefined) response.writeHead(404).end('{}')
    else {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(documentOf(path, [...versions.values()], `http://${request.headers.host}`)))
    }
  })
  const publish = (manifest: TestPackage): void => {
    const versions = published.get(manifest.name) ?? new Map<string, Published>()
    versions.set(manifest.version, { ...manifest, archive: archives.get(key(manifest)) ?? Buffer.alloc(0) })
    published.set(manifest.name, versions)
  }
  const archives = new Map<string, Buffer>()
  for (const manifest of packages) archives.set(key(manifest), await archiveOf(manifest))
  for (const manifest of packages) publish(manifest)
  return { url, publish, stop }
}

function key({ name, version }: TestPackage): string {
  return `${name}@${version}`
}

function documentOf(name: string, versions: readonly Published[], url: string): unknown {
  const latest = versions.at(-1)?.version ?? ''
  return {
    name,
    'dist-tags': { latest },
    versions: Object.fromEntries(
      versions.map(({ archive, ...manifest }) => [
        manifest.version,
        {
          ...manifest,
          dist: {
            tarball: `${url}/${name}/-/${name.split('/').at(-1)}-${manifest.version}.tgz`,
            shasum: createHash('sha1').update(archive).digest('hex'),
            integrity: `sha512-${createHash('sha512').update(archive).digest('base64')}`,
          },
        },
      ]),
    ),
    time: Object.fromEntries(versions.map(({ version }) => [version, '2020-01-01T00:00:00.000Z'])),
  }
}

async function archiveOf(manifest: TestPackage): Promise<Buffer> {
  const archive = pack()
  const mtime = new Date(0)
  archive.entry({ name: 'package/package.json', mtime }, JSON.stringify({ ...manifest, main: 'index.js' }))
  archive.entry({ name: 'package/index.js', mtime }, `module.exports = ${JSON.stringify(key(manifest))}\n`)
  archive.finalize()
  return gzipSync(await buffer(archive))
}
