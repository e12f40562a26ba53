import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareCodeUnits } from '../../src/base/index.ts'
import { asList, asObject, asText, optionalNumber, optionalText } from './json.ts'

/** An error that a broken build has to report; without a line it has no one place. */
export interface ExpectedError {
  readonly code: string
  /** A part of the message. */
  readonly message: string
  readonly line: number | undefined
  readonly column: number | undefined
  /** The offending text, from `column` on to its end. */
  readonly text: string | undefined
}

/** One folder of fixtures/errors. */
export interface BrokenBuild {
  readonly name: string
  readonly dir: string
  /** The build context, with its Dockerfile; nothing has to be prepared. */
  readonly context: string
  readonly flags: readonly string[]
  /** A feature Longshore does not have yet: until then the build fails and says so. */
  readonly needs: string | undefined
  readonly errors: readonly ExpectedError[]
  /** The Dockerfile with all fixes applied; undefined when no error has one. */
  readonly fixed: string | undefined
}

const errorsDir = join(import.meta.dirname, '../../fixtures/errors')

/** All broken builds in name order. Throws on files that are not as fixtures/errors/README.md says. */
export function loadBrokenBuilds(): BrokenBuild[] {
  const folders = readdirSync(errorsDir, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders.map((entry) => loadBrokenBuild(entry.name)).sort((a, b) => compareCodeUnits(a.name, b.name))
}

function loadBrokenBuild(name: string): BrokenBuild {
  const dir = join(errorsDir, name)
  const parsed: unknown = JSON.parse(readFileSync(join(dir, 'expect.json'), 'utf8'))
  const document = asObject(parsed, name)
  const fixed = join(dir, 'fixed.Dockerfile')
  return {
    name,
    dir,
    context: join(dir, 'context'),
    flags: asList(document['flags'], `${name} flags`).map((flag) => asText(flag, `${name} flags`)),
    needs: optionalText(document, 'needs', name),
    errors: asList(document['errors'], `${name} errors`).map((item) => decodeError(item, `${name} errors`)),
    fixed: existsSync(fixed) ? readFileSync(fixed, 'utf8') : undefined,
  }
}

function decodeError(value: unknown, where: string): ExpectedError {
  const document = asObject(value, where)
  return {
    code: asText(document['code'], `${where} code`),
    message: asText(document['message'], `${where} message`),
    line: optionalNumber(document, 'line', where),
    column: optionalNumber(document, 'column', where),
    text: optionalText(document, 'text', where),
  }
}
