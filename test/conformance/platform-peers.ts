/**
 * Sends images of several platforms to and from skopeo, buildah, docker.io and umoci through a registry on loopback; run by hand
 * as root: `node_modules/.bin/node test/conformance/platform-peers.ts`. Every way is taken with gzip and zstd, with OCI's and
 * docker's media types, and what comes back must be the same images. Ends in exit code 1 when a line says FAILED.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startRegistry } from '../support/registry.ts'
import { docker, type Oracle, startOracle, stopOracle } from './docker-daemon.ts'

const checkout = resolve(import.meta.dirname, '../..')
const platforms = ['linux/amd64', 'linux/arm64'] as const

/** The forms in which an image is pushed; docker.io of Debian 12 reads no zstd. */
const forms = [
  { name: 'oci-gzip', flags: [], dockerReads: true },
  { name: 'oci-zstd', flags: ['--compression', 'zstd'], dockerReads: false },
  { name: 'docker-gzip', flags: ['--format', 'docker'], dockerReads: true },
] as const

type Form = (typeof forms)[number]

interface Room {
  readonly home: string
  readonly registry: string
  readonly oracle: Oracle
  /** IDs of the images, in the order of `platforms`. */
  readonly ids: readonly string[]
}

async function main(): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'longshore-peers-'))
  const registry = await startRegistry()
  let wrong = 0
  try {
    const oracle = await startOracle()
    try {
      const room = { home, registry: registry.host, oracle, ids: await buildImages(home) }
      for (const form of forms) {
        await longshore(home, 'store', 'push', '-q', ...form.flags, 'peers', at(room, `${form.name}:1`))
        for (const way of ways) {
          const found = await way.take(room, form).catch((error: unknown) => `FAILED: ${String(error)}`)
          if (found.startsWith('FAILED')) wrong++
          console.log(`${form.name.padEnd(12)} ${way.title.padEnd(58)} ${found}`)
        }
      }
    } finally {
      await stopOracle(oracle)
    }
  } finally {
    await registry.stop()
    rmSync(home, { recursive: true, force: true })
  }
  console.log(wrong === 0 ? 'all ways lead back to the same images' : `${wrong} ways FAILED`)
  return wrong === 0 ? 0 : 1
}

interface Way {
  readonly title: string
  take(room: Room, form: Form): Promise<string>
}

const ways: readonly Way[] = [
  {
    title: 'longshore pull --all-platforms, push: byte for byte',
    async take(room, { name }) {
      await pullAll(room, `${name}:1`, `own-${name}`)
      await longshore(room.home, `own-${name}`, 'push', '-q', at(room, `${name}:1`), at(room, `${name}:own`))
      return same(await raw(room, `${name}:own`), await raw(room, `${name}:1`))
    },
  },
  {
    title: 'skopeo copy --all, longshore pull --all-platforms',
    async take(room, { name }) {
      const tls = ['--src-tls-verify=false', '--dest-tls-verify=false']
      const copy = ['--insecure-policy', 'copy', '-q', '--all', ...tls]
      await command('skopeo', [...copy, from(room, `${name}:1`), from(room, `${name}:skopeo`)])
      return same(await pullAll(room, `${name}:skopeo`, `skopeo-${name}`), room.ids)
    },
  },
  {
    title: 'longshore save oci-archive, skopeo copy --all, longshore load',
    async take(room, { name }) {
      const [saved, copied] = [join(room.home, `${name}.tar`), join(room.home, `${name}-copied.tar`)]
      await longshore(
        room.home,
        `own-${name}`,
        'save',
        '-q',
        '--format',
        'oci-archive',
        '-o',
        saved,
        at(room, `${name}:1`),
      )
      const target = `oci-archive:${copied}:${at(room, 'loaded:1')}`
      await command('skopeo', ['--insecure-policy', 'copy', '-q', '--all', `oci-archive:${saved}`, target])
      await longshore(room.home, `loaded-${name}`, 'load', '-q', '-i', copied)
      return same(await idsIn(room, `loaded-${name}`), room.ids)
    },
  },
  {
    title: 'buildah pull of each platform: the same ID',
    async take(room, { name }) {
      const found: string[] = []
      for (const platform of platforms) {
        const text = await buildah(
          room,
          'pull',
          '-q',
          '--tls-verify=false',
          '--platform',
          platform,
          from(room, `${name}:1`),
        )
        found.push(`sha256:${text.trim().split('\n').at(-1)}`)
      }
      return same(found, room.ids)
    },
  },
  {
    title: 'buildah manifest add --all, push --all, longshore pull',
    async take(room, { name }) {
      const list = `list-${name}`
      await buildah(room, 'manifest', 'create', list)
      await buildah(room, 'manifest', 'add', '--tls-verify=false', '--all', list, from(room, `${name}:1`))
      await buildah(room, 'manifest', 'push', '--tls-verify=false', '--all', list, from(room, `${name}:buildah`))
      return same(await pullAll(room, `${name}:buildah`, `buildah-${name}`), room.ids)
    },
  },
  {
    title: 'longshore manifest create of what buildah pushed, push',
    async take(room, { name }) {
      const store = `lists-${name}`
      for (const [index, platform] of platforms.entries()) {
        const architecture = platform.slice('linux/'.length)
        const source = `${room.ids[index]?.slice('sha256:'.length)}`
        await buildah(room, 'push', '-q', '--tls-verify=false', source, from(room, `${name}:${architecture}`))
        const flag = index === 0 ? [] : ['--amend']
        await longshore(room.home, store, 'manifest', 'create', ...flag, 'made', at(room, `${name}:${architecture}`))
      }
      await longshore(room.home, store, 'manifest', 'push', '-q', 'made', at(room, `${name}:made`))
      return same(await pullAll(room, `${name}:made`, `made-${name}`), room.ids)
    },
  },
  {
    title: 'docker pull of each platform: the same ID; push, longshore pull',
    async take(room, { name, dockerReads }) {
      if (!dockerReads) return 'docker.io of Debian 12 cannot read it'
      const found: string[] = []
      for (const [index, platform] of platforms.entries()) {
        await dockerCommand(room, 'pull', '-q', '--platform', platform, at(room, `${name}:1`))
        found.push((await dockerCommand(room, 'inspect', '-f', '{{.Id}}', at(room, `${name}:1`))).trim())
        const tag = at(room, `${name}:docker${index}`)
        await dockerCommand(room, 'tag', at(room, `${name}:1`), tag)
        await dockerCommand(room, 'push', '-q', tag)
        found.push((await longshore(room.home, `docker-${name}`, 'pull', '-q', '--platform', platform, tag)).trim())
      }
      return same(
        found,
        room.ids.flatMap((id) => [id, id]),
      )
    },
  },
  {
    title: 'docker manifest create, push, longshore pull',
    async take(room, { name, dockerReads }) {
      if (!dockerReads) return 'docker.io of Debian 12 cannot read it'
      const tags = platforms.map((_, index) => at(room, `${name}:docker${index}`))
      await dockerCommand(room, 'manifest', 'create', '--insecure', at(room, `${name}:list`), ...tags)
      await dockerCommand(room, 'manifest', 'push', '--insecure', at(room, `${name}:list`))
      return same(await pullAll(room, `${name}:list`, `list-${name}`), room.ids)
    },
  },
  {
    title: 'longshore save docker-archive, docker load: the ID of this machine',
    async take(room, { name, dockerReads }) {
      if (!dockerReads) return 'docker.io of Debian 12 cannot read it'
      const archive = join(room.home, `${name}-docker.tar`)
      await longshore(room.home, `own-${name}`, 'save', '-q', '-o', archive, at(room, `${name}:1`))
      const loaded = await dockerCommand(room, 'load', '-q', '-i', archive)
      const id = await dockerCommand(room, 'inspect', '-f', '{{.Id}}', at(room, `${name}:1`))
      return loaded.includes(at(room, `${name}:1`)) ? same([id.trim()], room.ids.slice(0, 1)) : `FAILED: ${loaded}`
    },
  },
  {
    title: 'umoci unpacks each platform, repacks it, longshore load',
    async take(room, { name }) {
      for (const platform of platforms) {
        const layout = join(room.home, `umoci-${name}-${platform.replace('/', '-')}`)
        const save = ['save', '-q', '--format', 'oci-dir', '--platform', platform, '-o', layout]
        await longshore(room.home, `own-${name}`, ...save, at(room, `${name}:1`))
        await command('umoci', ['unpack', '--image', `${layout}:1`, `${layout}-bundle`])
        writeFileSync(join(`${layout}-bundle`, 'rootfs/added'), platform)
        await command('umoci', ['repack', '--image', `${layout}:2`, `${layout}-bundle`])
        await command('skopeo', ['--insecure-policy', 'copy', '-q', `oci:${layout}:2`, `oci:${layout}-new:umoci:1`])
        const [line = ''] = (await longshore(room.home, `umoci-${name}`, 'load', '-q', '-i', `${layout}-new`)).split(
          '\n',
        )
        const id = line.replace(/^Loaded image(?: ID)?: /, '')
        const shown = await longshore(room.home, `umoci-${name}`, 'inspect', '-f', '{{.Os}}/{{.Architecture}}', id)
        if (shown.trim() !== platform) return `FAILED: ${shown.trim()} for ${platform}`
      }
      return 'ok'
    },
  },
]

/** An image for each platform, of which nothing has to run. */
async function buildImages(home: string): Promise<readonly string[]> {
  const context = join(home, 'context')
  mkdirSync(context)
  const lines = [
    'FROM scratch',
    'ARG TARGETPLATFORM',
    'COPY Dockerfile /one',
    'COPY Dockerfile /two',
    'ENV FOR=$TARGETPLATFORM',
  ]
  writeFileSync(join(context, 'Dockerfile'), lines.join('\n'))
  const text = await longshore(home, 'store', 'build', '-q', '--platform', platforms.join(','), '-t', 'peers', context)
  return text.trim().split('\n')
}

const at = ({ registry }: Room, name: string): string => `${registry}/peers/${name}`
const from = (room: Room, name: string): string => `docker://${at(room, name)}`
const raw = (room: Room, name: string): Promise<string> =>
  command('skopeo', ['inspect', '--raw', '--tls-verify=false', from(room, name)])

async function pullAll(room: Room, name: string, store: string): Promise<readonly string[]> {
  return (await longshore(room.home, store, 'pull', '-q', '--all-platforms', at(room, name))).trim().split('\n')
}

async function idsIn(room: Room, store: string): Promise<readonly string[]> {
  return (await longshore(room.home, store, 'images', '--no-trunc', '-q')).trim().split('\n')
}

function same(found: string | readonly string[], wanted: string | readonly string[]): string {
  const sorted = (value: string | readonly string[]): string =>
    typeof value === 'string' ? value : [...value].sort().join(' ')
  return sorted(found) === sorted(wanted) ? 'ok' : `FAILED: ${sorted(found)}, expected ${sorted(wanted)}`
}

function longshore(home: string, store: string, ...args: readonly string[]): Promise<string> {
  return command(join(checkout, 'bin/longshore'), ['--root', join(home, store), ...args])
}

function buildah({ home }: Room, ...args: readonly string[]): Promise<string> {
  const store = ['--root', join(home, 'buildah'), '--runroot', join(home, 'buildah-run'), '--storage-driver', 'vfs']
  return command('buildah', [...store, ...args])
}

function dockerCommand({ oracle }: Room, ...args: readonly string[]): Promise<string> {
  return command(docker, args, { ...oracle.env, HOME: oracle.home })
}

/** Runs a command to its end, without blocking this process, which reads the registry's log; rejects when it fails. */
function command(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return new Promise((done, failed) => {
    child.once('error', failed)
    child.once('close', (code) => {
      if (code === 0) done(out)
      else failed(new Error(`${program} ${args.join(' ')}: ${code}: ${err}`))
    })
  })
}

process.exitCode = await main()
