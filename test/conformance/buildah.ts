/**
 * Builds conformance cases with Debian's buildah and compares them with expect.json; run by hand as root:
 * `node_modules/.bin/node test/conformance/buildah.ts [case…]`. Every difference has its reason in
 * buildah-differences.ts; one without, and a reason without a difference, end in exit code 1.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildahDifferences, buildahLacks } from './buildah-differences.ts'
import { type ConformanceCase, loadCases } from './cases.ts'
import { prepareBaseContext, prepareContext } from './context-copy.ts'
import { type ActualFailure, type ActualImage, actualImage, differences } from './differences.ts'
import { readDockerArchive } from './docker-archive.ts'
import type { ReadImage } from './layout-tree.ts'

const buildah = '/usr/bin/buildah'
const baseName = 'longshore-base'

async function main(names: readonly string[]): Promise<number> {
  const cases = loadCases(names)
  const home = mkdtempSync(join(tmpdir(), 'longshore-buildah-'))
  mkdirSync(join(home, 'tmp'))
  try {
    const base = await buildBase(home)
    let wrong = 0
    for (const each of cases) {
      const found = comparable(each, await buildCase(home, each, base))
      if (!report(each, found)) wrong++
    }
    console.log(`${cases.length} cases, ${wrong} differ without a reason or have one without need`)
    return wrong === 0 ? 0 : 1
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

async function buildBase(home: string): Promise<ReadImage> {
  const dir = prepareBaseContext()
  try {
    const image = build(home, baseName, ['--layers=false', dir]) ?? (await readBuilt(home, baseName))
    if ('tree' in image) return image
    throw new Error(image.output)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function buildCase(home: string, each: ConformanceCase, base: ReadImage): Promise<ActualImage | ActualFailure> {
  const context = prepareContext(each)
  // Cache mounts are below it: what one case left there is nothing to another.
  rmSync(join(home, 'tmp'), { recursive: true, force: true })
  mkdirSync(join(home, 'tmp'))
  try {
    for (const image of context.images) {
      const failure = build(home, image.name, [image.dir])
      if (failure !== undefined) return failure
    }
    const name = `longshore-case-${each.name}`
    const image =
      build(home, name, [...each.flags, '-f', context.dockerfile, context.dir]) ?? (await readBuilt(home, name))
    return 'tree' in image ? withoutTraces(each, actualImage(image, base)) : image
  } finally {
    context.dispose()
  }
}

/** Runs buildah on a store of its own, and its cache mounts with it. `--format docker` keeps SHELL, HEALTHCHECK and ONBUILD. */
function run(home: string, args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const store = ['--root', join(home, 'root'), '--runroot', join(home, 'run'), '--storage-driver', 'vfs']
  const env = { ...process.env, TMPDIR: join(home, 'tmp'), BUILDAH_RUNTIME: 'runc', BUILDAH_ISOLATION: 'chroot' }
  const { status, stdout, stderr } = spawnSync(buildah, [...store, ...args], { env, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}

function build(home: string, name: string, args: readonly string[]): ActualFailure | undefined {
  const { status, output } = run(home, [
    'bud',
    '--format',
    'docker',
    '--pull-never',
    '--identity-label=false',
    '-q',
    '-t',
    name,
    ...args,
  ])
  return status === 0 ? undefined : { kind: 'failure', output, exitCode: undefined }
}

async function readBuilt(home: string, name: string): Promise<ReadImage | ActualFailure> {
  const archive = join(home, 'image.tar')
  rmSync(archive, { force: true })
  const { status, output } = run(home, ['push', '-q', name, `docker-archive:${archive}:${name}:latest`])
  if (status !== 0) return { kind: 'failure', output, exitCode: undefined }
  return readDockerArchive(archive, join(home, 'saved'))
}

/** What `chroot` isolation leaves in the layer of every RUN: the places it mounts on. */
const traces = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf', '/run', '/run/.containerenv', '/run/secrets']

/** The image without what buildah does in its own way everywhere: an unset working directory is `/`, RUN leaves traces. */
function withoutTraces(each: ConformanceCase, image: ActualImage): ActualImage {
  const expected = each.expected?.kind === 'image' ? each.expected.tree : {}
  const tree = Object.entries(image.tree).filter(([path]) => path in expected || !traces.includes(path))
  return {
    ...image,
    config: { ...image.config, WorkingDir: image.config['WorkingDir'] ?? '/' },
    tree: Object.fromEntries(tree),
  }
}

/** What differs, leaving out what buildah does in its own way in every image: history, layers, the words of messages. */
function comparable(each: ConformanceCase, actual: ActualImage | ActualFailure): readonly string[] {
  if (each.expected?.kind === 'failure' && actual.kind === 'failure') return []
  return differences(each, actual).filter((line) => !/^(?:history entries|layers): /.test(line))
}

function report(each: ConformanceCase, found: readonly string[]): boolean {
  const lack = buildahLacks.find(({ cases }) => cases.test(each.name))
  if (lack !== undefined) {
    console.log(`lacks   ${each.name}: ${lack.feature}`)
    return true
  }
  const reason = buildahDifferences[each.name]
  if (found.length === 0) {
    console.log(reason === undefined ? `ok      ${each.name}` : `NEEDLESS ${each.name}: ${reason}`)
    return reason === undefined
  }
  console.log(`${reason === undefined ? 'DIFFERS' : 'reason '} ${each.name}: ${reason ?? ''}`)
  for (const line of found) console.log(`        ${line.replaceAll('\n', '\n        ')}`)
  return reason !== undefined
}

process.exitCode = await main(process.argv.slice(2))
