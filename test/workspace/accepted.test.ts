import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sliceWorkspace, type WorkspaceSlice } from '../../src/workspace/index.ts'
import { type NpmRegistry, startNpmRegistry } from '../support/npm-registry.ts'
import {
  type PackageManagerName,
  packageManagers,
  published,
  runManager,
  smallWorkspace,
  writeFiles,
} from '../support/package-managers.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'
import { memoryWorkspace } from '../support/workspace-source.ts'

/*
 * The package managers themselves, with a registry on loopback: each takes its sliced lock file and refuses nothing, and a
 * slice of everything says what the whole file says.
 */

const directory = makeTemporaryDirectory()
let registry: NpmRegistry
beforeAll(async () => {
  registry = await startNpmRegistry(published)
})
afterAll(async () => {
  await registry.stop()
  removeDirectory(directory)
})

async function slice(files: ReadonlyMap<string, string>, ...names: string[]): Promise<WorkspaceSlice> {
  const result = await sliceWorkspace(memoryWorkspace(files), names)
  if (result.kind === 'problem') throw new Error(result.message)
  return result
}

function sliced(files: ReadonlyMap<string, string>, { hidden, replaced }: WorkspaceSlice): Record<string, string> {
  const kept = [...files].filter(([path]) => ![...hidden].some((folder) => path.startsWith(`${folder}/`)))
  return Object.fromEntries([...kept, ...replaced])
}

describe.each(Object.keys(packageManagers) as PackageManagerName[])('%s', (name) => {
  const manager = packageManagers[name]
  const home = join(directory, name)
  const whole = join(home, 'whole')
  const files = new Map<string, string>()

  beforeAll(async () => {
    const written = { ...smallWorkspace(manager.own), ...manager.files(registry.url) }
    writeFiles(whole, written)
    await runManager(manager.lock, whole, home, registry)
    for (const [path, text] of Object.entries(written)) files.set(path, text)
    files.set(manager.lockFile, readFileSync(join(whole, manager.lockFile), 'utf8'))
  }, 60_000)

  test('takes the slice of an application, and installs what that needs', async () => {
    const result = await slice(files, '@m/web')
    expect([...result.included].sort()).toEqual(['', 'apps/web', 'packages/a'])
    expect([...result.hidden].sort()).toEqual(['packages/b', 'packages/c'])
    const folder = join(home, 'web')
    mkdirSync(folder)
    writeFiles(folder, sliced(files, result))
    await runManager(manager.frozen, folder, home, registry)
    expect(readFileSync(join(folder, manager.lockFile), 'utf8')).toBe(result.replaced.get(manager.lockFile))
    expect(existsSync(join(folder, 'node_modules/tool'))).toBe(true)
    const installed = readdirSync(join(folder, 'node_modules'), { recursive: true, encoding: 'utf8' })
    expect(installed.filter((path) => /(?:^|\/)only-b$/.test(path))).toEqual([])
    expect(installed.filter((path) => /(?:^|\/)@s\/optpeer$/.test(path) || path.endsWith('@s+optpeer'))).not.toEqual([])
  }, 60_000)

  test('a slice of everything says what the whole file says', async () => {
    const result = await slice(files, '@m/web', '@m/b', '@m/c')
    expect([...result.hidden]).toEqual([])
    const [is, was] = [result.replaced.get(manager.lockFile) ?? '', files.get(manager.lockFile) ?? '']
    if (name === 'berry' || name === 'yarn') expect(is).toBe(was)
    else if (manager.lockFile.endsWith('.json')) expect(JSON.parse(is)).toEqual(JSON.parse(was))
    else {
      const { load } = await import('js-yaml')
      expect(load(is)).toEqual(load(was))
    }
    expect((await slice(new Map(Object.entries(sliced(files, result))), '@m/web', '@m/b', '@m/c')).replaced).toEqual(
      result.replaced,
    )
  })

  test('a slice of a slice is the same', async () => {
    const result = await slice(files, '@m/web')
    expect((await slice(new Map(Object.entries(sliced(files, result))), '@m/web')).replaced).toEqual(result.replaced)
  })
})
