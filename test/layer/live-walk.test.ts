import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { digestLayer } from '../../src/layer/index.ts'
import { LayerWalk } from '../../src/layer/layer-walk.ts'
import { temporaryDirectory } from '../support/temporary.ts'

function tree(): { readonly root: string; readonly outside: string } {
  const directory = temporaryDirectory()
  const [root, outside] = [join(directory, 'root'), join(directory, 'outside')]
  for (const path of [join(root, 'a/b'), join(root, 'c'), outside]) mkdirSync(path, { recursive: true })
  writeFileSync(join(root, 'a/b/file'), 'inside')
  writeFileSync(join(root, 'c/other'), 'inside')
  for (const name of ['file', 'secret']) writeFileSync(join(outside, name), 'outside')
  return { root, outside }
}

test('a live walk gives what any other gives', () => {
  const { root } = tree()
  const open = readdirSync('/proc/self/fd').length
  expect(digestLayer(root, { overlay: 'trusted', isLive: true })).toEqual(digestLayer(root, { overlay: 'trusted' }))
  expect(readdirSync('/proc/self/fd').length).toBe(open)
})

/** Walks, and puts a symlink to the outside in the place of `victim` when the walk has told of `at`. */
function walkWhileSwapped(at: string, victim: string): readonly string[] {
  const { root, outside } = tree()
  const walk = new LayerWalk(root, { overlay: 'trusted', isLive: true })
  const seen: string[] = []
  try {
    for (let entry = walk.next(); entry !== undefined; entry = walk.next()) {
      seen.push(entry.path)
      if (entry.path !== at) continue
      renameSync(join(root, victim), join(root, 'gone'))
      symlinkSync(outside, join(root, victim))
    }
  } finally {
    walk.close()
  }
  return seen
}

test('a directory that becomes a symlink does not lead it outside', () => {
  // It is in there already: it goes on in the directory that it opened.
  expect(walkWhileSwapped('a/b', 'a/b')).toEqual(['a', 'a/b', 'a/b/file', 'c', 'c/other'])
  expect(walkWhileSwapped('a', 'a')).toEqual(['a', 'a/b', 'a/b/file', 'c', 'c/other'])
  // It is still to come: it was read as a directory, and is a link when it is looked at.
  expect(walkWhileSwapped('a', 'c')).toEqual(['a', 'a/b', 'a/b/file', 'c'])
  const { root } = tree()
  rmSync(root, { recursive: true })
})
