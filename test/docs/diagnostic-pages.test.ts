import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lintRules } from '../../grammar/index.ts'
import { type Diagnostic, sourceFile } from '../../src/base/index.ts'
import { renderDiagnostic } from '../../src/report/index.ts'
import { loadBrokenBuilds } from '../conformance/index.ts'
import { type LowerSetup, lowerText } from '../ir/lower-text.ts'

const root = join(import.meta.dirname, '../..')
const pages = readdirSync(join(root, 'docs/diagnostics'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => name.slice(0, -'.md'.length))
const update = process.env['UPDATE_GOLDEN'] === '1'

/** Every `pattern` in the sources of a folder. */
function textsIn(folder: string, pattern: RegExp): Set<string> {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  const texts = names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'))
  return new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? '')))
}

const reported = /\b(?:error|warning|fail)\(\s*'([a-z]+(?:-[a-z]+)+)'/g
const languageCodes = new Set([
  ...textsIn('src/dockerfile', reported),
  ...textsIn('src/ir', reported),
  ...lintRules.map((rule) => rule.code),
])
const toolCodes = textsIn('src/base', /^ {2}\| '([a-z-]+)'$/gm)
/** Codes of errors of the world and of the other rooms' diagnostics. */
const otherCodes = new Set([...toolCodes, ...textsIn('src', /\bcode: '([a-z]+(?:-[a-z]+)+)'/g)])

function readPage(code: string): string {
  return readFileSync(join(root, 'docs/diagnostics', `${code}.md`), 'utf8')
}

/** The Dockerfile of a section. */
function example(page: string, heading: 'Bad' | 'Good'): string | undefined {
  return new RegExp(`## ${heading}\n(?:(?!\n## ).)*?\`\`\`dockerfile\n(.*?)\n\`\`\``, 's').exec(page)?.[1]
}

/** "Built with …" of a page. */
function setupOf(page: string): LowerSetup {
  if (page.includes('for `linux/arm64`.')) return { storedPlatform: { os: 'linux', architecture: 'arm64' } }
  if (page.includes('holds `*.log`.')) return { level: 'check', ignore: '*.log' }
  const flags = /Built with `([^`]+)`/.exec(page)?.[1]
  if (flags === '--check') return { level: 'check' }
  const [, target] = /^--target=(.*)$/.exec(flags ?? '') ?? []
  const [, name, value = ''] = /^--build-arg=(\w+)=(.*)$/.exec(flags ?? '') ?? []
  if (target !== undefined) return { target }
  return name === undefined ? {} : { buildArgs: { [name]: value } }
}

function diagnosticsOf(text: string, setup: LowerSetup): readonly Diagnostic[] {
  const { result } = lowerText(text, setup)
  return result.kind === 'program' ? result.program.diagnostics : result.kind === 'failed' ? result.diagnostics : []
}

describe('pages of diagnostics', () => {
  it('are there for every code, and about codes that exist', () => {
    expect(languageCodes.size).toBeGreaterThan(40)
    expect(toolCodes.size).toBeGreaterThan(30)
    expect(pages.toSorted()).toEqual([...new Set([...languageCodes, ...otherCodes])].sort())
  })

  it('have a golden case each', () => {
    const folder = join(root, 'fixtures/golden/language')
    const said = readdirSync(folder).map((name) => readFileSync(join(folder, name, 'diagnostics.txt'), 'utf8'))
    // A golden file of 64 KB helps nobody; scan-lines.test.ts has the case.
    const missing = [...languageCodes].filter(
      (code) => code !== 'line-too-long' && !said.join('').includes(` ${code}: `),
    )
    expect(missing).toEqual([])
  })

  it('have a broken build each, when they are about errors of the language', () => {
    // A mount's option without effect is no rule that can be skipped, and no error.
    const warnings = new Set<string>([...lintRules.map((rule) => rule.code), 'unused-mount-option'])
    const errors = [...languageCodes].filter((code) => !warnings.has(code) && code !== 'line-too-long')
    const builds = loadBrokenBuilds().filter((one) => one.needs === undefined)
    const covered = new Set(builds.flatMap((one) => one.errors.map((error) => error.code)))
    expect(errors.filter((code) => !covered.has(code))).toEqual([])
    expect([...covered].filter((code) => !pages.includes(code))).toEqual([])
  })

  it('stand beside a comparison that has every broken build', () => {
    const table = readFileSync(join(root, 'docs/broken-dockerfiles.md'), 'utf8')
    const rows = [...table.matchAll(/^\| \[([\w-]+)\]/gm)].map((match) => match[1])
    expect(rows, 'node test/conformance/docker-errors.ts').toEqual(loadBrokenBuilds().map((one) => one.name))
  })

  // What their output is, test/e2e/error-pages.test.ts sees to.
  it.each(pages.filter((code) => !languageCodes.has(code)))('%s: why, output, what to do', (code) => {
    const page = readPage(code)
    expect(page).toMatch(new RegExp(`^# ${code}\n\n[^#].+\n## Output\n\n.+\n## What to do\n\n[^#]`, 's'))
    const [, output] = /```text\n(.*?)\n```/s.exec(page) ?? []
    if (output === undefined) expect(page).toContain('Nothing reports it yet.')
    else expect(output).toContain(`[${code}]`)
  })

  const written = pages.filter((code) => languageCodes.has(code))
  it.each(written)('%s: the bad example gives it as shown, the good one is clean', (code) => {
    const page = readPage(code)
    expect(page.startsWith(`# ${code}\n`)).toBe(true)
    const setup = setupOf(page)
    const good = example(page, 'Good')
    expect(good === undefined ? 'no good example' : diagnosticsOf(good, setup)).toEqual([])
    const bad = example(page, 'Bad')
    if (bad === undefined) {
      expect(code).toBe('line-too-long')
      return
    }
    const found = diagnosticsOf(bad, setup).filter((diagnostic) => diagnostic.code === code)
    expect(found).toHaveLength(1)
    const output = found.map((diagnostic) => renderDiagnostic(diagnostic, sourceFile('Dockerfile', bad))).join('\n')
    const shown = page.replace(/```text\n.*?```/s, () => `\`\`\`text\n${output}\n\`\`\``)
    if (update) writeFileSync(join(root, 'docs/diagnostics', `${code}.md`), shown)
    expect(readPage(code)).toBe(shown)
  })
})
