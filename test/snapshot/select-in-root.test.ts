import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { errnoCode, resolvePath } from '../../src/base/index.ts'
import { openContext } from '../../src/context/index.ts'
import { rootTree } from '../../src/snapshot/root-tree.ts'
import { selectInRoot } from '../../src/snapshot/select-in-root.ts'
import { O_CLOEXEC, O_PATH, openat2, RESOLVE_IN_ROOT, setXattr } from '../../src/sys/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'

function rootWith(files: Readonly<Record<string, string>>): string {
  const root = temporaryDirectory()
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

function digest(root: string, ...sources: string[]): string {
  const result = selectInRoot(root, sources, [])
  if (result.kind === 'selected') return result.selection.contentDigest
  throw new Error(`missing ${JSON.stringify(result.missing)}`)
}

test('symlinks are followed inside the root, and never lead to the host', () => {
  const root = rootWith({ 'usr/lib/x': 'x', 'etc/passwd': 'image' })
  symlinkSync('usr/lib', join(root, 'lib'))
  symlinkSync('/etc/passwd', join(root, 'usr/passwd'))
  symlinkSync('../../../../../../../etc', join(root, 'usr/up'))
  symlinkSync('/etc/hostname', join(root, 'usr/host'))
  expect(digest(root, '/lib/x')).toBe(digest(root, 'usr/lib/x'))
  expect(digest(root, 'lib')).toBe(digest(root, 'usr/lib'))
  const plain = rootWith({ passwd: 'image' })
  expect(digest(root, 'usr/passwd')).toBe(digest(plain, 'passwd'))
  expect(digest(root, 'usr/up/passwd')).toBe(digest(plain, 'passwd'))
  expect(selectInRoot(root, ['usr/host', 'nothing'], [])).toMatchObject({ kind: 'missing', missing: [{}, {}] })
})

test('ignore files of an image have no say', () => {
  const root = rootWith({ a: 'a', '.dockerignore': '*' })
  expect(selectInRoot(root, ['.'], [])).toMatchObject({ selection: { files: 2 } })
})

test.skipIf(process.getuid?.() !== 0)(
  'owners and kept attributes count, times and the machine’s attributes do not',
  () => {
    const root = rootWith({ 'd/a': 'a' })
    const bare = digest(root, 'd')
    setXattr(join(root, 'd/a'), 'trusted.note', Buffer.from('x'))
    expect(digest(root, 'd')).toBe(bare)
    setXattr(join(root, 'd/a'), 'user.note', Buffer.from('x'))
    const noted = digest(root, 'd')
    expect(noted).not.toBe(bare)
    setXattr(join(root, 'd/a'), 'user.note', Buffer.from('y'))
    expect(digest(root, 'd')).not.toBe(noted)
    const before = digest(root, 'd')
    chownSync(join(root, 'd/a'), 5, 6)
    expect(digest(root, 'd')).not.toBe(before)
  },
)

test.skipIf(process.getuid?.() !== 0)('files of 0:0 have the same identity as those of a context', () => {
  const root = rootWith({ 'd/a': 'a', 'd/sub/b': 'b' })
  symlinkSync('a', join(root, 'd/link'))
  chmodSync(join(root, 'd/sub/b'), 0o4755)
  const memoFile = join(temporaryDirectory(), 'memo')
  const context = openContext({ directory: root, dockerfile: join(root, 'Dockerfile'), memoFile, nowMs: Date.now })
  for (const sources of [['d'], ['d/a', 'd/sub/*']]) {
    expect(context.select(sources, [])).toMatchObject({ selection: { contentDigest: digest(root, ...sources) } })
  }
})

/** Where the kernel says that `path` leads inside `root`, or why nowhere. */
function kernelSays(root: string, path: string): string {
  const directory = openSync(root, O_PATH | constants.O_DIRECTORY)
  try {
    const fd = openat2(directory, path === '' ? '.' : path, O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT)
    const found = readlinkSync(`/proc/self/fd/${fd}`)
    closeSync(fd)
    return found.slice(root.length + 1)
  } catch (error) {
    return errnoCode(error) ?? 'unknown'
  } finally {
    closeSync(directory)
  }
}

test('paths are resolved as the kernel resolves them', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const part = fc.oneof({ weight: 3, arbitrary: name }, fc.constantFrom('..', '.', ''))
  const path = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('/'))
  const target = fc
    .tuple(fc.constantFrom('', '/', '../'), path)
    .map(([start, rest]) => withoutSlash(`${start}${rest}`) || '.')
  const node = fc.tuple(fc.array(name, { minLength: 1, maxLength: 3 }), fc.oneof(target, fc.constant('FILE')))
  const root = join(temporaryDirectory(), 'root')
  fc.assert(
    fc.property(fc.array(node, { maxLength: 6 }), fc.array(path, { minLength: 1, maxLength: 5 }), (nodes, paths) => {
      rmSync(root, { recursive: true, force: true })
      mkdirSync(join(root, 'a/b/c'), { recursive: true })
      for (const [names, what] of nodes) placeNode(join(root, ...names), what)
      const tree = rootTree(root)
      try {
        for (const text of paths) {
          const asked = withoutSlash(text)
          const said = kernelSays(root, asked)
          const found = resolvePath(tree, asked)
          if (said === 'ELOOP') expect(found).toMatchObject({ kind: 'blocked', reason: 'too-many-links' })
          else if (said === 'ENOTDIR') expect(found).toMatchObject({ kind: 'blocked', reason: 'not-directory' })
          else if (said !== 'ENOENT') expect(found).toMatchObject({ kind: 'found', path: said })
          else if (!climbs(asked, nodes)) expect(found.kind).toBe('missing')
        }
      } finally {
        tree.close()
      }
    }),
    { numRuns: 150 },
  )
})

/** A slash at the end asks the kernel for a directory, which COPY does not mean by it. */
function withoutSlash(path: string): string {
  return path.replace(/(\/\.?)+$/, '')
}

/** True when `..` takes part: behind a missing name the kernel gives up, and we take the name back. */
function climbs(path: string, nodes: readonly (readonly [readonly string[], string])[]): boolean {
  return path.includes('..') || nodes.some(([, target]) => target.includes('..'))
}

function placeNode(at: string, what: string): void {
  try {
    if (what === 'FILE') writeFileSync(at, '', { flag: 'wx' })
    else symlinkSync(what, at)
  } catch (error) {
    // The place is taken, or not there: another tree, as good as any.
    if (errnoCode(error) === undefined) throw error
  }
}
