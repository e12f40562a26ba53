import { describe, expect, it } from 'vitest'
import { type ConformanceCase, type Expected, loadCases } from './cases.ts'
import { type ActualImage, actualImage, differences } from './differences.ts'
import type { FileNode } from './file-tree.ts'

const [template] = loadCases(['copy-file'])

function caseWith(expected: Expected | undefined): ConformanceCase {
  if (template === undefined) throw new Error('no case to start from')
  return { ...template, expected }
}

const expected = {
  kind: 'image',
  config: { Env: ['A=1'], Labels: { a: '1', b: '2' } },
  tree: { '/a': 'file 0644 0:0 = a\n', '/proc': 'optional dir 0755 0:0' },
  mtimes: {},
  author: undefined,
  historyCount: undefined,
  layerCount: 1,
} as const

const actual: ActualImage = {
  kind: 'image',
  config: { Env: ['A=1'], Labels: { b: '2', a: '1' } },
  tree: { '/a': 'file 0644 0:0 = a\n' },
  mtimes: { '/a': 5 },
  author: undefined,
  historyCount: 3,
  layerCount: 1,
}

describe('differences of images', () => {
  it('finds none where there are none, whatever the order of labels', () => {
    expect(differences(caseWith(expected), actual)).toEqual([])
  })

  it('says for each path, key, time and count what was expected and what is there', () => {
    const other = { ...actual, config: { Env: ['A=2'], User: 'x' }, tree: { '/b': 'dir 0755 0:0' }, layerCount: 2 }
    expect(differences(caseWith({ ...expected, mtimes: { '/b': 7 }, author: 'Jo', historyCount: 1 }), other)).toEqual([
      'config Env: expected ["A=1"], found ["A=2"]',
      'config Labels: expected {"a":"1","b":"2"}, found nothing',
      'config User: expected nothing, found "x"',
      'tree /a: expected "file 0644 0:0 = a\\n", found nothing',
      'tree /b: expected nothing, found "dir 0755 0:0"',
      'mtime /b: expected 7, found nothing',
      'author: expected "Jo", found nothing',
      'history entries: expected 1, found 3',
      'layers: expected 1, found 2',
    ])
  })

  it('takes an optional path when it is as the line says, and only then', () => {
    const with_ = (line: string) =>
      differences(caseWith(expected), { ...actual, tree: { ...actual.tree, '/proc': line } })
    expect(with_('dir 0755 0:0')).toEqual([])
    expect(with_('dir 0700 0:0')).toEqual(['tree /proc: expected "dir 0755 0:0", found "dir 0700 0:0"'])
  })

  it('keeps the order of Env', () => {
    const swapped = { ...expected, config: { ...expected.config, Env: ['B=1', 'A=1'] } }
    const found = { ...actual, config: { ...actual.config, Env: ['A=1', 'B=1'] } }
    expect(differences(caseWith(swapped), found)).toHaveLength(1)
  })
})

describe('differences of failures', () => {
  const failing = caseWith({ kind: 'failure', texts: ['missing.txt', 'line 2'], exitCode: 125 })

  it('wants every text and the exit code', () => {
    expect(differences(failing, { kind: 'failure', output: 'missing.txt, line 2', exitCode: 125 })).toEqual([])
    expect(differences(failing, { kind: 'failure', output: 'missing.txt', exitCode: 1 })).toEqual([
      'expected a message with "line 2", found:\nmissing.txt',
      'exit code: expected 125, found 1',
    ])
  })

  it('tells a success from a failure', () => {
    expect(differences(failing, actual)).toEqual([
      'expected a failure with "missing.txt" and "line 2", but the build succeeded',
    ])
    const failure = { kind: 'failure', output: 'boom', exitCode: 1 } as const
    expect(differences(caseWith(expected), failure)).toEqual([
      'expected an image, but the build failed (exit code 1):\nboom',
    ])
  })

  it('does not let a case without an expectation pass', () => {
    expect(differences(caseWith(undefined), actual)).toEqual(['the case has no expect.json'])
  })
})

describe('actualImage', () => {
  const node: FileNode = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 9, content: '= x', xattrs: [] }
  const base = { config: {}, author: undefined, diffIds: ['a', 'b'], historyCount: 2, tree: new Map([['/x', node]]) }

  it('compares with the base image when its layers come first', () => {
    const tree = new Map([...base.tree, ['/y', node] as const])
    const image = {
      config: { Cmd: null, Env: ['A=1'], Volumes: {} },
      author: '',
      diffIds: ['a', 'b', 'c'],
      historyCount: 5,
      tree,
    }
    expect(actualImage(image, base)).toEqual({
      kind: 'image',
      config: { Env: ['A=1'] },
      tree: { '/y': 'hardlink -> /x' },
      mtimes: { '/x': 9, '/y': 9 },
      author: undefined,
      historyCount: 3,
      layerCount: 1,
    })
  })

  it('compares with nothing when the image is built on something else', () => {
    const image = { config: {}, author: 'Jo', diffIds: ['a'], historyCount: 1, tree: base.tree }
    expect(actualImage(image, base)).toMatchObject({ tree: { '/x': 'file 0644 0:0 = x' }, layerCount: 1, author: 'Jo' })
  })
})
