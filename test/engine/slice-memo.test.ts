import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { rememberedSlice } from '../../src/engine/slice-memo.ts'
import { openStore } from '../../src/store/index.ts'
import { sliceWorkspace } from '../../src/workspace/index.ts'
import { makeMonorepo, monorepoFiles } from '../support/monorepo.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'
import { memoryWorkspace } from '../support/workspace-source.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))
const store = openStore(join(directory, 'store'))
const files = monorepoFiles(makeMonorepo(6, 2), 'npm')

/** Whether slicing was done, and what came out. */
async function ask(given: ReadonlyMap<string, string>) {
  let made = false
  const slice = await rememberedSlice(store, ['x'], memoryWorkspace(given), (source) => {
    made = true
    return sliceWorkspace(source, ['@mono/app0'])
  })
  return { made, slice }
}

it('is asked for again only when something changed that was looked at', async () => {
  const first = await ask(files)
  expect(first.made).toBe(true)
  expect(await ask(files)).toEqual({ made: false, slice: first.slice })
  // No file that slicing reads.
  expect((await ask(new Map([...files, ['packages/p0/index.js', 'other']]))).made).toBe(false)
  for (const [path, text] of [
    ['package-lock.json', `${files.get('package-lock.json')}\n`],
    ['packages/p0/package.json', '{"name":"@mono/p0","version":"2.0.0"}'],
    ['packages/new/package.json', '{"name":"new"}'],
    ['yarn.lock', ''],
  ] as const) {
    expect((await ask(new Map([...files, [path, text]]))).made, path).toBe(true)
    expect((await ask(files)).slice).toEqual(first.slice)
  }
})

it('keeps no problems, and takes nothing that is broken', async () => {
  const broken = new Map([...files, ['package-lock.json', '{}']])
  expect((await ask(broken)).slice.kind).toBe('problem')
  expect((await ask(broken)).made).toBe(true)
  const [name = ''] = await import('node:fs').then(({ readdirSync }) =>
    readdirSync(store.cachePath('')).filter((one) => one.startsWith('slice-')),
  )
  store.writeCache(name, '{"files":')
  expect((await ask(files)).made).toBe(true)
})
