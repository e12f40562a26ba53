import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { joinPath } from '../../src/base/index.ts'
import { lazyContext } from '../../src/engine/lazy-context.ts'
import { workspaceTrees } from '../../src/engine/workspace-trees.ts'
import { openStore } from '../../src/store/index.ts'
import { sliceWorkspace } from '../../src/workspace/index.ts'
import {
  closureOf,
  type LockKind,
  type Monorepo,
  makeMonorepo,
  monorepoFiles,
  randomNumbers,
} from '../support/monorepo.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'
import { memoryWorkspace } from '../support/workspace-source.ts'

/*
 * Random changes of a workspace, MUTATION_ROUNDS for each kind of lock file. After each, what an image is keyed by is compared with what a build without any
 * cache would copy, put together here in the plainest way: equal keys never stand for other files, a change outside of what an
 * image needs leaves its key, and one inside never does.
 */

const rounds = Number(process.env['MUTATION_ROUNDS'] ?? 100)
const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

/** A change, and the directories it is about; `all` for what every image needs. */
interface Mutation {
  readonly after: Monorepo
  readonly touched: ReadonlySet<string> | 'all'
}

function mutate(mono: Monorepo, random: (below: number) => number): Mutation {
  const index = random(mono.packages.length)
  const one = mono.packages[index]
  if (one === undefined) throw new Error('no package')
  const changed = (part: Partial<typeof one>): Mutation => ({
    after: { ...mono, packages: mono.packages.map((other) => (other === one ? { ...one, ...part } : other)) },
    touched: new Set([one.directory]),
  })
  switch (random(7)) {
    case 0:
      return changed({ source: `${one.source}${random(1000)}\n` })
    case 1: {
      const [name = 'lib-0'] = Object.keys(one.libraries)
      return changed({ libraries: { ...one.libraries, [name]: one.libraries[name] === '1.0.0' ? '2.0.0' : '1.0.0' } })
    }
    case 2:
      return changed({ libraries: { ...one.libraries, [`lib-${random(20)}`]: `${1 + random(3)}.0.0` } })
    case 3:
      return changed({ libraries: Object.fromEntries(Object.entries(one.libraries).slice(1)) })
    case 4: {
      const other = `@mono/p${random(Math.max(1, Math.min(index, 8)))}`
      const uses = one.uses.includes(other) || other === one.name ? one.uses.slice(1) : [...one.uses, other].sort()
      return changed({ uses })
    }
    case 5: {
      const common = `1.0.${random(100)}`
      const hasCommon = ({ libraries }: typeof one): boolean =>
        Object.keys(libraries).some((name) => Number(name.slice('lib-'.length)) % 2 === 0)
      return {
        after: { ...mono, common },
        touched: new Set(mono.packages.filter(hasCommon).map((user) => user.directory)),
      }
    }
    default:
      return random(4) === 0 ? { after: { ...mono, settings: `{"n":${random(1000)}}\n` }, touched: 'all' } : changed({})
  }
}

/** What a build without cache copies: the files outside of packages, those of the closure, and the lock file as it is sliced. */
async function plainCopy(mono: Monorepo, kind: LockKind, image: string): Promise<ReadonlyMap<string, string>> {
  const closure = closureOf(mono, image)
  const owner = (path: string): string | undefined =>
    mono.packages.find((one) => path.startsWith(`${one.directory}/`))?.directory
  const files = [...monorepoFiles(mono, kind)].filter(([path]) => {
    const own = owner(path)
    return own === undefined || closure.has(own)
  })
  // Sliced from what is left, not from the whole.
  const part = { ...mono, packages: mono.packages.filter((one) => closure.has(one.directory)) }
  const slice = await sliceWorkspace(memoryWorkspace(monorepoFiles(part, kind)), [image])
  if (slice.kind === 'problem') throw new Error(slice.message)
  return new Map([...files, ...slice.replaced])
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Key and files of `COPY . .` as a build has them. A new build each time: nothing is remembered but what is on disk. */
async function keyed(
  folder: string,
  image: string,
): Promise<{ readonly key: string; readonly files: Map<string, string> }> {
  const store = openStore(join(directory, 'store'))
  const context = lazyContext({ directory: folder, fetched: true }, store, () => Date.now())
  const trees = workspaceTrees(context, store)
  const files = {
    kind: 'workspace',
    root: '',
    packages: [image],
    file: 'Dockerfile',
    span: { start: 0, end: 1 },
  } as const
  const tree = await trees.open(files)
  if ('diagnostics' in tree) throw new Error(tree.diagnostics[0]?.message)
  const span = [{ start: 0, end: 1 }]
  const result = tree.select(['.'], span)
  if (result.kind === 'missing') throw new Error('missing')
  const entries = result.selection.sources.flatMap(({ matches }) => matches.flatMap((match) => match.entries))
  // What is copied: bytes that are at hand, else those on the disk.
  const found = entries
    .filter(({ node }) => node.type === 'file')
    .map(
      ({ path, content = readFileSync(join(folder, path)) }) =>
        [path, sha256(Buffer.from(content).toString())] as const,
    )
  context.save()
  return { key: result.selection.contentDigest, files: new Map(found) }
}

describe.each<LockKind>(['npm', 'pnpm', 'yarn', 'berry'])('%s', (kind) => {
  test(`${rounds} random changes: equal keys, equal files; other files, other keys`, async () => {
    const random = randomNumbers(7)
    const folder = join(directory, kind)
    const written = new Map<string, string>()
    const write = (mono: Monorepo): void => {
      const files = monorepoFiles(mono, kind)
      for (const [path, text] of files) {
        if (written.get(path) === text) continue
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), text)
        written.set(path, text)
      }
      for (const path of written.keys()) if (!files.has(path)) rmSync(join(folder, joinPath(path, '')))
    }
    const past: Monorepo[] = []
    const seen = new Map<string, string>()
    let mono = makeMonorepo(14, 4)
    let image = '@mono/app0'
    let before: string | undefined
    let [kept, changed, returned] = [0, 0, 0]
    for (let round = 0; round < rounds; round++) {
      if (round % 8 === 0) [image, before] = [`@mono/app${random(4)}`, undefined]
      // Now and then back to what was: then what was copied at that time must be right again.
      const earlier = random(8) === 0 ? past[random(past.length)] : undefined
      const { after, touched } =
        earlier === undefined ? mutate(mono, random) : { after: earlier, touched: 'all' as const }
      write(after)
      const { key, files } = await keyed(folder, image)
      const plain = await plainCopy(after, kind, image)
      const expected = new Map([...plain].map(([path, text]) => [path, sha256(text)]))
      expect(new Map([...files].sort())).toEqual(new Map([...expected].sort()))
      const contents = sha256(JSON.stringify([...expected].sort()))
      const known = seen.get(`${image} ${key}`)
      if (known !== undefined) expect(known).toBe(contents)
      if (known !== undefined && earlier !== undefined) returned += 1
      seen.set(`${image} ${key}`, contents)
      const needed = [...closureOf(mono, image), ...closureOf(after, image)]
      if (before !== undefined && touched !== 'all' && !needed.some((one) => touched.has(one))) {
        expect(key).toBe(before)
        kept += 1
      }
      if (before !== undefined && key !== before) changed += 1
      before = key
      past.push(after)
      mono = after
    }
    expect(kept).toBeGreaterThan(rounds / 20)
    expect(changed).toBeGreaterThan(rounds / 20)
    expect(returned).toBeGreaterThan(rounds / 100)
  }, 120_000)
})
