import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** Rooms in import order: a module may import from its own room and from those in the lists it is given. */
const adapters = [
  'context',
  'snapshot',
  'layer',
  'sandbox',
  'store',
  'registry',
  'remote',
  'remote-cache',
  'container',
  'ssh',
  'network',
  'cgroup',
  'journal',
]
const allowed: Readonly<Record<string, readonly string[]>> = {
  base: [],
  oci: ['base'],
  grammar: ['base'],
  dockerfile: ['base', 'grammar'],
  ir: ['base', 'oci', 'grammar', 'dockerfile'],
  plan: ['base', 'oci', 'ir'],
  ports: ['base', 'oci', 'ir', 'plan'],
  build: ['base', 'oci', 'dockerfile', 'ir', 'plan', 'ports'],
  bake: ['base'],
  sys: ['base'],
  workspace: ['base'],
  http: ['base'],
  report: ['base', 'oci', 'grammar', 'dockerfile', 'ir', 'plan', 'ports', 'build'],
  ...Object.fromEntries(adapters.map((room) => [room, ['base', 'oci', 'ir', 'ports', 'sys', 'http']])),
  engine: [
    'base',
    'oci',
    'grammar',
    'dockerfile',
    'ir',
    'plan',
    'ports',
    'build',
    'bake',
    'sys',
    'http',
    'workspace',
    ...adapters,
    'version',
  ],
  supervisor: ['base', 'oci', 'ports', 'sys', ...adapters],
  cli: ['base', 'oci', 'grammar', 'dockerfile', 'ir', 'plan', 'ports', 'build', 'bake', 'report', 'engine', 'version'],
  version: [],
  index: ['base', 'build'],
}
const pure = ['base', 'oci', 'grammar', 'dockerfile', 'ir', 'plan', 'ports', 'report', 'bake', 'workspace']
const touchProcess = ['cli', 'index', 'supervisor']

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

function room(file: string): string {
  const parts = file.split('/')
  return parts[0] === 'grammar' ? 'grammar' : (parts[1] ?? '').replace(/\.ts$/, '')
}

function imports(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(
    /(?:^|\n)(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g,
  )
  return [...found].map((match) => match[1] ?? match[2] ?? '')
}

const files = [...sources('src'), ...sources('grammar')]
const graph = new Map(
  files.map((file) => [
    file,
    imports(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => relative(root, resolve(root, dirname(file), name))),
  ]),
)

describe('architecture', () => {
  test('every module is seen and every import names a file', () => {
    expect(files.length).toBeGreaterThan(100)
    for (const [file, targets] of graph) {
      for (const target of targets)
        expect(statSync(join(root, target), { throwIfNoEntry: false }), `${file} imports ${target}`).toBeDefined()
    }
  })

  test('imports point one way', () => {
    const wrong: string[] = []
    for (const [file, targets] of graph) {
      const from = room(file)
      expect(allowed[from], `${file} is in no known room`).toBeDefined()
      for (const target of targets) {
        const to = room(target)
        if (to !== from && !allowed[from]?.includes(to)) wrong.push(`${file} -> ${target}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('there are no import cycles', () => {
    const state = new Map<string, 'open' | 'done'>()
    const cycles: string[] = []
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return
      if (state.get(file) === 'open') {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
        return
      }
      state.set(file, 'open')
      for (const target of graph.get(file) ?? []) visit(target, [...path, file])
      state.set(file, 'done')
    }
    for (const file of files) visit(file, [])
    expect(cycles).toEqual([])
  })

  test('pure rooms import nothing of Node but hashing', () => {
    const wrong = files
      .filter((file) => pure.includes(room(file)))
      .flatMap((file) =>
        imports(file)
          .filter((name) => name.startsWith('node:') && name !== 'node:crypto')
          .map((name) => `${file}: ${name}`),
      )
    expect(wrong).toEqual([])
  })

  test('only programs and the library touch process', () => {
    const wrong = files.filter(
      (file) =>
        !touchProcess.includes(room(file)) &&
        !file.endsWith('/digest-process.ts') &&
        /(?<![.\w'"`-])process\.[a-z]/.test(code(file)),
    )
    expect(wrong).toEqual([])
  })

  test('FFI is loaded in one room', () => {
    expect(files.filter((file) => imports(file).includes('koffi') && room(file) !== 'sys')).toEqual([])
  })

  test('nothing is exported by default', () => {
    expect(files.filter((file) => /^export default/m.test(code(file)))).toEqual([])
  })

  test('files and names stay within the habits', () => {
    const forbidden = /(^|[-/])(utils?|helpers?|common|misc|manager|service|info)(\.|$)/
    expect(files.filter((file) => forbidden.test(file))).toEqual([])
    expect(files.filter((file) => code(file).split('\n').length > 400)).toEqual([])
  })
})

function code(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
