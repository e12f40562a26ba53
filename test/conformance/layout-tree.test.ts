import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderTree } from './file-tree.ts'
import { readLayout } from './layout-tree.ts'

const missing = ['umoci', 'skopeo', 'tar'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined)

describe.skipIf(missing.length > 0)(`layouts made by others (lacking here: ${missing.join(', ') || 'nothing'})`, () => {
  const home = mkdtempSync(join(tmpdir(), 'longshore-layout-'))
  const layout = join(home, 'layout')
  const run = (tool: string, ...args: string[]) => execFileSync(tool, args, { cwd: home, stdio: 'pipe' })

  /** Adds a layer of the files that `script` makes in an empty folder; the owners are 7:8. */
  function addLayer(script: string): void {
    run('sh', '-ceu', `umask 022; rm -rf tree; mkdir tree; cd tree; ${script}`)
    run('tar', '--owner=7', '--group=8', '--numeric-owner', '--sort=name', '-C', 'tree', '-cf', 'layer.tar', '.')
    run('umoci', 'raw', 'add-layer', '--image', `${layout}:one`, 'layer.tar')
  }

  beforeAll(() => {
    run('umoci', 'init', '--layout', layout)
    run('umoci', 'new', '--image', `${layout}:one`)
    addLayer('mkdir d e; echo one > d/one; ln d/one d/same; ln -s one d/link; echo x > e/gone; chmod 0600 d/one')
    addLayer('mkdir e; touch e/.wh.gone .wh.nothing; echo two > e/two')
    run('umoci', 'config', '--image', `${layout}:one`, '--config.env', 'A=1', '--config.cmd', 'x', '--author', 'Jo')
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  const expectedTree = {
    '/d': 'dir 0755 7:8',
    '/d/link': 'symlink 7:8 -> one',
    '/d/one': 'file 0600 7:8 = one\n',
    '/d/same': 'hardlink -> /d/one',
    '/e': 'dir 0755 7:8',
    '/e/two': 'file 0644 7:8 = two\n',
  }

  it('reads tree, configuration and history of a layout by umoci', async () => {
    const image = await readLayout(layout)
    expect(Object.fromEntries(renderTree(image.tree))).toEqual(expectedTree)
    expect(image.config).toMatchObject({ Env: ['A=1'], Cmd: ['x'] })
    expect(image.diffIds).toHaveLength(2)
    expect(image.historyCount).toBeGreaterThanOrEqual(2)
    expect(image.author).toBe('Jo')
  })

  it('finds an image by name', async () => {
    expect((await readLayout(layout, 'one')).diffIds).toHaveLength(2)
    await expect(readLayout(layout, 'two')).rejects.toThrow('no image "two"')
  })

  it.each([
    ['zstd', ['--dest-compress-format=zstd']],
    ['plain', ['--dest-decompress']],
  ])('reads %s layers', async (name, flags) => {
    const target = join(home, name)
    run('skopeo', 'copy', ...flags, `oci:${layout}:one`, `oci:${target}:x`)
    const image = await readLayout(target)
    expect(Object.fromEntries(renderTree(image.tree))).toEqual(expectedTree)
  })

  it('refuses a layout whose blob has other bytes than its name says', async () => {
    const copy = join(home, 'damaged')
    run('cp', '-r', layout, copy)
    const index: unknown = JSON.parse(readFileSync(join(copy, 'index.json'), 'utf8'))
    const digest = /sha256:([0-9a-f]{64})/.exec(JSON.stringify(index))?.[1] ?? ''
    writeFileSync(join(copy, 'blobs/sha256', digest), '{}')
    await expect(readLayout(copy)).rejects.toThrow('has other bytes')
  })
})

describe('a layout made by hand', () => {
  const home = mkdtempSync(join(tmpdir(), 'longshore-layout-'))
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  function put(dir: string, value: unknown): { digest: string; size: number } {
    const text = JSON.stringify(value)
    const hex = createHash('sha256').update(text).digest('hex')
    writeFileSync(join(dir, 'blobs/sha256', hex), text)
    return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) }
  }

  it('passes over attestations, reads nested indexes, and compares diffIds and history with the layers', async () => {
    mkdirSync(join(home, 'blobs/sha256'), { recursive: true })
    writeFileSync(join(home, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    const history = [{ created_by: 'ENV', empty_layer: true }]
    const config = put(home, { config: { User: 'app' }, rootfs: { type: 'layers', diff_ids: [] }, history })
    const manifest = put(home, { schemaVersion: 2, config, layers: [] })
    const attestation = { ...config, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }
    const nested = put(home, { schemaVersion: 2, manifests: [attestation, manifest] })
    writeFileSync(join(home, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [nested] }))
    expect(await readLayout(home)).toMatchObject({ config: { User: 'app' }, diffIds: [], historyCount: 1 })

    const lying = put(home, { rootfs: { diff_ids: [] }, history: [{ created_by: 'RUN' }] })
    const other = put(home, { schemaVersion: 2, config: lying, layers: [] })
    writeFileSync(join(home, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [other] }))
    await expect(readLayout(home)).rejects.toThrow('history has 1 entries with a layer')
  })
})
