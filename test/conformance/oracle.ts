/**
 * Builds conformance cases with the BuildKit of Debian's docker.io and compares them with expect.json; run by hand as root:
 * `node_modules/.bin/node test/conformance/oracle.ts [--update] [--show] [case…]`. With `--update` it writes the expect.json of cases that are new or
 * have no `reason` in case.json: those with one differ from that old BuildKit on purpose and are only shown.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConformanceCase, loadCases } from './cases.ts'
import { prepareBaseContext, prepareContext } from './context-copy.ts'
import { type ActualFailure, type ActualImage, actualImage, differences } from './differences.ts'
import { readDockerArchive } from './docker-archive.ts'
import { docker, type Oracle, startOracle, stopOracle } from './docker-daemon.ts'
import type { ReadImage } from './layout-tree.ts'

const baseName = 'longshore-base'

async function main(args: readonly string[]): Promise<number> {
  const options = args.filter((arg) => arg.startsWith('--'))
  const unknown = options.filter((option) => option !== '--update' && option !== '--show')
  if (unknown.length > 0) throw new Error(`unknown option ${unknown.join(' ')}`)
  const cases = loadCases(args.filter((arg) => !arg.startsWith('--')))
  const oracle = await startOracle()
  try {
    const base = await buildBase(oracle)
    let differing = 0
    for (const each of cases) {
      const actual = await buildCase(oracle, each, base)
      if (!report(each, actual, options.includes('--update'), options.includes('--show'))) differing++
    }
    console.log(`${cases.length} cases, ${differing} differ`)
    return differing === 0 ? 0 : 1
  } finally {
    await stopOracle(oracle)
  }
}

async function buildBase(oracle: Oracle): Promise<ReadImage> {
  const dir = prepareBaseContext()
  try {
    const failure = build(oracle, ['-t', baseName, dir])
    if (failure !== undefined) throw new Error(failure.output)
    const image = await readDockerImage(oracle, baseName)
    if ('tree' in image) return image
    throw new Error(image.output)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function buildCase(oracle: Oracle, each: ConformanceCase, base: ReadImage): Promise<ActualImage | ActualFailure> {
  const context = prepareContext(each)
  try {
    for (const image of context.images) {
      const failure = build(oracle, ['-t', image.name, image.dir])
      if (failure !== undefined) return failure
    }
    const name = `longshore-case-${each.name}`
    const failure = build(oracle, ['-t', name, ...each.flags, '-f', context.dockerfile, context.dir])
    if (failure !== undefined) return failure
    const image = await readDockerImage(oracle, name)
    return 'tree' in image ? actualImage(image, base) : image
  } finally {
    context.dispose()
  }
}

/** Runs one build; the failure, if it failed. The exit code is docker's own and says nothing about ours. */
function build(oracle: Oracle, args: readonly string[]): ActualFailure | undefined {
  const run = spawnSync(docker, ['build', '--network', 'host', '--progress', 'plain', ...args], {
    env: oracle.env,
    encoding: 'utf8',
  })
  return run.status === 0 ? undefined : { kind: 'failure', output: lastLines(run.stderr), exitCode: undefined }
}

/** Reads an image by `docker save`, which refuses images without layers. */
async function readDockerImage(oracle: Oracle, name: string): Promise<ReadImage | ActualFailure> {
  const archive = join(oracle.home, 'image.tar')
  const save = spawnSync(docker, ['save', '-o', archive, name], { env: oracle.env, encoding: 'utf8' })
  if (save.status !== 0) return { kind: 'failure', output: save.stderr, exitCode: undefined }
  return readDockerArchive(archive, join(oracle.home, 'saved'))
}

/** Prints what came out, writes expect.json when that is wanted and allowed; false when the case differs without a reason. */
function report(each: ConformanceCase, actual: ActualImage | ActualFailure, update: boolean, show: boolean): boolean {
  const found = differences(each, actual)
  if (show) console.log(`--- ${each.name}\n${expectText(each, actual)}`)
  // Old BuildKit words its messages in its own way: that it fails too is what counts.
  if (found.length === 0 || (each.expected?.kind === 'failure' && actual.kind === 'failure')) {
    console.log(`ok      ${each.name}${each.reason === undefined ? '' : ' (has a reason, but does not differ)'}`)
    return true
  }
  const isNew = !existsSync(join(each.dir, 'expect.json'))
  if (update && (isNew || (each.reason === undefined && actual.kind === 'image'))) {
    writeFileSync(join(each.dir, 'expect.json'), expectText(each, actual))
    console.log(`written ${each.name}`)
    return true
  }
  console.log(`${each.reason === undefined ? 'DIFFERS' : 'reason '} ${each.name}: ${each.reason ?? ''}`)
  for (const line of found) console.log(`        ${line.replaceAll('\n', '\n        ')}`)
  return each.reason !== undefined
}

function expectText(each: ConformanceCase, actual: ActualImage | ActualFailure): string {
  if (actual.kind === 'failure') return `${JSON.stringify({ error: actual.output }, null, 2)}\n`
  const old = each.expected?.kind === 'image' ? each.expected : undefined
  const mtimes = Object.fromEntries(Object.keys(old?.mtimes ?? {}).map((path) => [path, actual.mtimes[path]]))
  const document = {
    config: actual.config,
    ...(actual.author === undefined ? {} : { author: actual.author }),
    tree: actual.tree,
    ...(Object.keys(mtimes).length === 0 ? {} : { mtimes }),
    ...(old?.layerCount === undefined ? {} : { layerCount: actual.layerCount }),
    ...(old?.historyCount === undefined ? {} : { historyCount: actual.historyCount }),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

function lastLines(output: string): string {
  return output.trimEnd().split('\n').slice(-2).join('\n')
}

process.exitCode = await main(process.argv.slice(2))
