import { existsSync, lstatSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadBrokenBuilds } from './broken-builds.ts'
import { type ConformanceCase, conformanceDir, loadCases } from './cases.ts'
import { prepareBaseContext, prepareContext } from './context-copy.ts'

const cases = loadCases()

describe('the conformance cases', () => {
  it('are many, each described and with an expectation', () => {
    expect(cases.length).toBeGreaterThanOrEqual(200)
    expect(cases.filter((each) => each.description === '' || each.expected === undefined)).toEqual([])
  })

  it('expect no message that names a place of the machine it was written on', () => {
    const texts = cases.flatMap(({ expected }) => (expected?.kind === 'failure' ? expected.texts : []))
    expect(texts.filter((text) => /\/tmp\/|overlay|\n/.test(text))).toEqual([])
  })

  it('list trees in order', () => {
    for (const { name, expected } of cases) {
      const paths = Object.keys(expected?.kind === 'image' ? expected.tree : {})
      expect(paths, name).toEqual(paths.toSorted())
    }
  })

  it('cover every trap that the README lists', () => {
    const text = readFileSync(join(conformanceDir, 'README.md'), 'utf8')
    const rows = text.slice(text.indexOf('## Traps')).match(/^\| (?!rule|---).*$/gm) ?? []
    expect(rows.length).toBeGreaterThanOrEqual(22)
    for (const row of rows) {
      const places = row.split('|')[2]?.match(/(?<=`)[^`, ]+(?=`)/g) ?? []
      expect(places.length, row).toBeGreaterThan(0)
      const root = join(conformanceDir, '../..')
      for (const place of places) {
        const path = place.startsWith('test/') ? join(root, place) : join(conformanceDir, place, 'expect.json')
        expect(existsSync(path), place).toBe(true)
      }
    }
  })

  it('are found by name, and an unknown name is refused', () => {
    expect(loadCases(['copy-file']).map((each) => each.name)).toEqual(['copy-file'])
    expect(() => loadCases(['no-such-case'])).toThrow('no such case: no-such-case')
  })

  it('give the flags of build', () => {
    expect(one('arg-after-env').flags).toEqual(['--build-arg', 'b=given'])
    expect(one('stage-target').flags).toEqual(['--target', 'SECOND'])
  })
})

describe('prepareContext', () => {
  it('gives files and folders the modes that do not depend on the checkout, then runs setup.sh', () => {
    const context = prepareContext(one('copy-modes'))
    const mode = (path: string) => (statSync(join(context.dir, path)).mode & 0o7777).toString(8)
    expect(['Dockerfile', 'm', 'm/f4755', 'm/d0700'].map(mode)).toEqual(['644', '755', '4755', '700'])
    context.dispose()
    expect(() => statSync(context.dir)).toThrow('ENOENT')
  })

  it('keeps symlinks as they are, dangling ones too', () => {
    const context = prepareContext(one('copy-symlink-inside'))
    expect(lstatSync(join(context.dir, 'dir/gone')).isSymbolicLink()).toBe(true)
    context.dispose()
  })

  it('prepares the images that a case builds on, and the Dockerfile elsewhere', () => {
    const context = prepareContext(one('onbuild-image'))
    expect(context.images.map((image) => image.name)).toEqual(['longshore-case-onbuild'])
    expect(readFileSync(join(context.images[0]?.dir ?? '', 'Dockerfile'), 'utf8')).toContain('ONBUILD')
    context.dispose()
    const other = prepareContext(one('ignore-own-file'))
    expect(other.dockerfile).toBe(join(other.dir, 'build/web.Dockerfile'))
    other.dispose()
  })
})

describe('prepareBaseContext', () => {
  it('makes a root with a shell, users and a sticky /tmp', () => {
    const dir = prepareBaseContext()
    expect(readFileSync(join(dir, 'rootfs/etc/passwd'), 'utf8')).toContain('app:x:1000:1000:')
    expect(statSync(join(dir, 'rootfs/tmp')).mode & 0o7777).toBe(0o1777)
    expect(statSync(join(dir, 'rootfs/bin/sh')).mode & 0o111).toBe(0o111)
    rmSync(dir, { recursive: true })
  })
})

describe('the broken builds', () => {
  it('name places that are in their Dockerfile', () => {
    const builds = loadBrokenBuilds()
    expect(builds.length).toBeGreaterThanOrEqual(25)
    for (const { name, context, errors } of builds) {
      const lines = readFileSync(join(context, 'Dockerfile'), 'utf8')
        .replace(/^\ufeff/, '')
        .split('\n')
      expect(errors, name).not.toEqual([])
      for (const { line, column, text } of errors) {
        if (line === undefined || column === undefined || text === undefined) continue
        const rest = lines
          .slice(line - 1)
          .join('\n')
          .slice(column - 1)
        expect(rest.slice(0, text.length), name).toBe(text)
      }
    }
  })
})

function one(name: string): ConformanceCase {
  const [found] = loadCases([name])
  if (found === undefined) throw new Error(`no case ${name}`)
  return found
}
