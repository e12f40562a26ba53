import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkout } from '../support/actor.ts'
import { temporaryDirectory } from '../support/temporary.ts'

test('processes that change a name at once lose nothing of each other', async () => {
  const directory = temporaryDirectory()
  const [lock, file] = [join(directory, 'lock'), join(directory, 'name')]
  writeFileSync(file, '0')
  const script = `import { readFileSync, writeFileSync } from 'node:fs'
import { withNameLock } from '${checkout}/src/store/name-lock.ts'
for (let at = 0; at < 200; at++)
  withNameLock('${lock}', () => writeFileSync('${file}', String(Number(readFileSync('${file}', 'utf8')) + 1)))`
  const words = ['--input-type=module-typescript', '-e', script]
  const ends = [1, 2, 3].map(() => once(spawn(process.execPath, words, { stdio: 'inherit' }), 'exit'))
  expect(await Promise.all(ends)).toEqual([1, 2, 3].map(() => [0, null]))
  expect(readFileSync(file, 'utf8')).toBe('600')
})
