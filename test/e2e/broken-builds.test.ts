import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type BrokenBuild, type ExpectedError, loadBrokenBuilds } from '../conformance/index.ts'
import { copyFor, longshoreAsync, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

const me = makeActor(unavailable('user') === undefined ? 'user' : 'root', directory)
buildBase(me)
const contexts = copyFor(me, 'fixtures/errors', 'errors')

/** Everything of the store but files derived from sources: what a build that failed must not have added to. */
function storeEntries(): readonly string[] {
  return readdirSync(join(me.home, 'store'), { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('cache'))
    .sort()
}

const before = storeEntries()

/** The errors as printed: place, message and code, and the text over the carets. */
function printed(stderr: string) {
  const lines = stderr.split('\n')
  return lines.flatMap((line, index) => {
    const head = /^(?:.*\/)?Dockerfile:(\d+):(\d+): error: (.*) \[([a-z-]+)\]$/.exec(line)
    if (head === null) return []
    const [, at = '', column = '', message = '', code = ''] = head
    const source = lines[index + 1] ?? ''
    const carets = /\^+/.exec(lines[index + 2] ?? '')
    const marked = carets === null ? '' : source.slice(carets.index, carets.index + carets[0].length)
    return [{ line: Number(at), column: Number(column), message, code, source, marked }]
  })
}

/** What the carets stand under: the part of the text on its first line, something at least. */
function markedText(error: ExpectedError): string | undefined {
  const first = error.text?.split('\n')[0]
  return first === '' ? undefined : first
}

function checkErrors(one: BrokenBuild, stderr: string): void {
  const found = printed(stderr)
  expect(found.map((error) => error.code)).toEqual(one.errors.map((error) => error.code))
  for (const [index, wanted] of one.errors.entries()) {
    const got = found[index]
    expect(got?.message).toContain(wanted.message)
    if (wanted.line === undefined) continue
    expect(got).toMatchObject({ line: wanted.line, column: wanted.column })
    const marked = markedText(wanted)
    // Where a terminal shows a character wider than its length, test/report/diagnostic.test.ts has the case.
    if (marked !== undefined && /^[\t -~]*$/.test(got?.source ?? '')) expect(got?.marked).toBe(marked)
  }
}

/** One build for each code, and all that are about files or bytes; test/ir/broken-builds.test.ts has every case. */
function chosen(): readonly BrokenBuild[] {
  const seen = new Set<string>()
  return loadBrokenBuilds().filter(({ name, errors }) => {
    const isNew = errors.some(({ code }) => !seen.has(code))
    for (const { code } of errors) seen.add(code)
    return isNew || /^(?:bom|crlf|tab|wide|copy-(?:comment|flag|missing)|several)/.test(name)
  })
}

describe('broken builds', () => {
  test.concurrent.each(chosen().map((one) => [one.name, one] as const))('%s', async (name, one) => {
    const context = join(contexts, name, 'context')
    const { status, stdout, stderr } = await longshoreAsync(me, ['build', ...one.flags, context])
    expect(status, stderr).toBe(125)
    expect(stdout).toBe('')
    expect(stderr).not.toMatch(/^\s+at .*[:(]\d+/m)
    if (one.needs === undefined) checkErrors(one, stderr)
    else expect(stderr).toContain('[not-supported]')
  })

  test('they left nothing in the store', () => {
    expect(storeEntries()).toEqual(before)
  })
})
