import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshore, makeActor, unavailable } from '../support/actor.ts'
import { mountsUnder } from '../support/base-image.ts'
import { debianLayout, missingDebianParts } from '../support/debian-image.ts'
import { pushLayout } from '../support/oci-image.ts'
import { missingRegistryParts, startRegistry, type TestRegistry } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const missing = missingRegistryParts() ?? missingDebianParts()
const directory = makeTemporaryDirectory()
let registry: TestRegistry | undefined

beforeAll(async () => {
  if (missing !== undefined) return
  registry = await startRegistry()
  await pushLayout(await debianLayout(), 'debian', `${registry.host}/debian:test`)
}, 1_800_000)
afterAll(async () => {
  await registry?.stop()
  removeDirectory(directory)
})

describe.each(['root', 'user'] as const)('a real Debian as %s', (name) => {
  const reason = unavailable(name) ?? missing
  const story = reason === undefined ? test : test.skip
  const actor: Actor | undefined = reason === undefined ? makeActor(name, directory) : undefined

  story('is pulled, gets Python by apt, runs it, and is not built twice', { timeout: 900_000 }, () => {
    if (actor === undefined) throw new Error(reason)
    const context = contextFor(actor, 'python', {
      Dockerfile: [
        `FROM ${registry?.host}/debian:test`,
        'RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*',
        'COPY hello.py /srv/',
        'USER nobody',
        'CMD ["python3", "/srv/hello.py"]',
      ].join('\n'),
      'hello.py': 'import os, sys\nprint("hello from Python", sys.version_info.major, "as", os.getuid())\n',
    })
    const first = longshore(actor, ['build', '-t', 'python', context], { timeoutMs: 600_000 })
    expect(first.status, first.stderr).toBe(0)
    expect(longshore(actor, ['run', '--rm', 'python'])).toMatchObject({
      stdout: 'hello from Python 3 as 65534\n',
      stderr: '',
      status: 0,
    })
    const second = longshore(actor, ['build', '-t', 'python', context])
    expect(second.stdout).toBe(first.stdout)
    expect(second.stderr).not.toMatch(/pull|Reading package lists/)
    expect(second.stderr.match(/^#\d+ CACHED$/gm)).toHaveLength(3)
    expect(mountsUnder(actor.home)).toEqual([])
  })
})
