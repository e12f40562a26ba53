import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeIsolation } from '../../src/sandbox/index.ts'
import * as sys from '../../src/sys/index.ts'

/** Prints what `describeIsolation` says and what it remembers, in a process of its own. Argument: `user` in a user namespace. */
const inUserNamespace = process.argv[2] === 'user'
if (!inUserNamespace) sys.enterMountNamespace()
const base = mkdtempSync(join(tmpdir(), 'describe-test-'))
try {
  const probeCacheFile = join(base, 'probes.json')
  const options = { stateDirectory: join(base, 'state'), env: process.env, inUserNamespace, probeCacheFile }
  const reports = await describeIsolation(options)
  const remembered: unknown = JSON.parse(readFileSync(probeCacheFile, 'utf8'))
  process.stdout.write(JSON.stringify({ reports, remembered }))
} finally {
  rmSync(base, { recursive: true, force: true })
}
