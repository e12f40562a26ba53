import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ContextPort } from '../../src/build/index.ts'
import { openContext } from '../../src/context/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { describeContextPort } from './context-port.ts'

describeContextPort('a directory', (files) => {
  const home = temporaryDirectory()
  const directory = join(home, 'context')
  const write = (path: string, text: string): void => {
    const file = join(directory, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  for (const [path, text] of Object.entries(files)) write(path, text)
  const paths = { directory, dockerfile: join(directory, 'Dockerfile'), memoFile: join(home, 'memo') }
  const reopen = (): ContextPort => openContext({ ...paths, nowMs: Date.now })
  return { context: reopen(), reopen, write }
})
