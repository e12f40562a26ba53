import { join } from 'node:path'
import { ToolError } from '../../src/base/index.ts'
import { openContext } from '../../src/context/index.ts'

/** `DIRECTORY MEMO SOURCE`: prints the content digest of a source, or the error; saves the memo unless its directory is missing. */
const [directory = '', memoFile = '', source = ''] = process.argv.slice(-3)

try {
  // A minute from now: files a test has just written count as settled.
  const nowMs = () => Date.now() + 60_000
  const context = openContext({ directory, dockerfile: join(directory, 'Dockerfile'), memoFile, nowMs })
  const result = context.select([source], [])
  console.log(result.kind === 'selected' ? result.selection.contentDigest : result.missing)
  if (!memoFile.startsWith('/nonexistent')) context.save()
} catch (error) {
  if (!(error instanceof ToolError)) throw error
  console.log(`${error.code}: ${error.message} (${error.hint})`)
}
