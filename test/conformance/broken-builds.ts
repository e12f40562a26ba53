import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareCodeUnits } from '../../src/base/index.ts'
import { asList, asObject, asText, optionalNumber, optionalText } from './json.ts'

/** An error that a broken build has to report; without a line it has no one place. */
export interface ExpectedError {
  readonly message: string
  readonly line: number | undefined
  readonly column: number | undefined
  /** The offending text, which begins at `column`. */
  readonly text: string | undefined
}

/** One folder of fixtures/errors. */
export interface BrokenBuild {
  readonly name: string
  /** The build context, with its Dockerfile; nothing has to be prepared. */
  readonly context: string
  readonly flags: readonly string[]
  readonly errors: readonly ExpectedError[]
}

const errorsDir = join(import.meta.dirname, '../../fixtures/errors')

/** All broken builds in name order. Throws on files that are not as fixtures/errors/README.md says. */
export function loadBrokenBuilds(): BrokenBuild[] {
  const folders = readdirSync(errorsDir, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders.map((entry) => loadBrokenBuild(entry.name)).sort((a, b) => compareCodeUnits(a.name, b.name))
}

function loadBrokenBuild(name: string): BrokenBuild {
  const parsed: unknown = JSON.parse(readFileSync(join(errorsDir, name, 'expect.json'), 'utf8'))
  const document = asObject(parsed, name)
  return {
    name,
    context: join(errorsDir, name, 'context'),
    flags: asList(document['flags'], `${name} flags`).map((flag) => asText(flag, `${name} flags`)),
    errors: asList(document['errors'], `${name} errors`).map((item) => decodeError(item, `${name} errors`)),
  }
}

function decodeError(value: unknown, where: string): ExpectedError {
  const document = asObject(value, where)
  return {
    message: asText(document['message'], `${where} message`),
    line: optionalNumber(document, 'line', where),
    column: optionalNumber(document, 'column', where),
    text: optionalText(document, 'text', where),
  }
}
