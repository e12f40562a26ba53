import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { credentialsFromFiles } from '../../src/registry/index.ts'

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') })

describe('credentialsFromFiles', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'longshore-home-'))
  })
  afterEach(() => rmSync(home, { recursive: true, force: true }))

  const write = (path: string, content: unknown) => {
    const file = join(home, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }
  const lookup = (registry: string, repository = 'a/b', env: Record<string, string> = {}) =>
    credentialsFromFiles({ home, env })(registry, repository)
  const basic = (username: string, password: string) => ({ kind: 'basic', username, password })

  it('finds nothing without files', async () => {
    expect(await lookup('docker.io')).toBeUndefined()
  })

  it("reads docker's file; Docker Hub has a key of its own", async () => {
    write('.docker/config.json', {
      auths: { 'https://index.docker.io/v1/': auth('me:p:w'), 'r.io': auth('you:x\0\0') },
    })
    expect(await lookup('docker.io')).toEqual(basic('me', 'p:w'))
    expect(await lookup('r.io')).toEqual(basic('you', 'x'))
    expect(await lookup('r.io:443')).toBeUndefined()
    expect(await lookup('evil-r.io')).toBeUndefined()
  })

  it('prefers the most specific key', async () => {
    write('.config/containers/auth.json', {
      auths: { 'r.io': auth('host:1'), 'r.io/a': auth('a:1'), 'r.io/a/b': auth('ab:1') },
    })
    expect(await lookup('r.io', 'a/b')).toEqual(basic('ab', '1'))
    expect(await lookup('r.io', 'a/c')).toEqual(basic('a', '1'))
    expect(await lookup('r.io', 'ab/c')).toEqual(basic('host', '1'))
  })

  it('goes through the files in order', async () => {
    write('.config/containers/auth.json', { auths: { 'r.io': auth('podman:1'), 'p.io': auth('podman:1') } })
    write('.docker/config.json', { auths: { 'r.io': auth('docker:1') } })
    expect(await lookup('r.io')).toEqual(basic('docker', '1'))
    expect(await lookup('p.io')).toEqual(basic('podman', '1'))
    const file = write('other.json', { auths: { 'r.io': auth('file:1') } })
    expect(await lookup('r.io', 'a', { REGISTRY_AUTH_FILE: file })).toEqual(basic('file', '1'))
    write('elsewhere/config.json', { auths: { 'r.io': auth('elsewhere:1') } })
    expect(await lookup('r.io', 'a', { DOCKER_CONFIG: join(home, 'elsewhere') })).toEqual(basic('elsewhere', '1'))
    write('run/containers/auth.json', { auths: { 'x.io': auth('run:1') } })
    expect(await lookup('x.io', 'a', { XDG_RUNTIME_DIR: join(home, 'run') })).toEqual(basic('run', '1'))
  })

  it('reads tokens', async () => {
    write('.docker/config.json', {
      auths: { 'i.io': { identitytoken: 'refresh' }, 'b.io': { registrytoken: 'bearer' } },
    })
    expect(await lookup('i.io')).toEqual({ kind: 'identity-token', token: 'refresh' })
    expect(await lookup('b.io')).toEqual({ kind: 'registry-token', token: 'bearer' })
  })

  it('names a broken file and never its secrets', async () => {
    const file = write('.docker/config.json', '{"auths": {"r.io": {"auth": 5}}}')
    await expect(lookup('r.io')).rejects.toMatchObject({
      code: 'invalid-document',
      message: expect.stringContaining(`credential file ${file}: $.auths["r.io"].auth is 5`),
    })
    write('.docker/config.json', { auths: { 'r.io': { auth: 'c2VjcmV0' } } })
    const found = await lookup('r.io')
    expect(found).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('not base64 of user:password') })
    expect(JSON.stringify(found)).not.toContain('c2VjcmV0')
  })

  it('asks credential helpers, whose names are no paths, for the very host they are named for (security 49)', async () => {
    const bin = join(home, 'bin')
    const script = write(
      'bin/docker-credential-test',
      '#!/bin/sh\nread host || true\ncase "$1 $host" in\n"get r.io") echo \'{"Username":"helper","Secret":"s"}\';;\n"get https://index.docker.io/v1/") echo \'{"Username":"<token>","Secret":"t"}\';;\n"get bad.io") echo nonsense;;\n*) echo "credentials not found in native keychain"; exit 1;;\nesac\n',
    )
    chmodSync(script, 0o755)
    const env = { PATH: `${bin}:/usr/bin:/bin` }
    write('.docker/config.json', {
      auths: { 'r.io': {}, 'docker.io': {} },
      credsStore: 'test',
      credHelpers: { 'gone.io': 'missing', 'odd.io': '../x', 'cloud.io': 'cloud' },
    })
    // Hosts that only look like one with a helper have none of their own.
    for (const host of ['notcloud.io', 'cloud.io.evil.example', 'cloudXio'])
      expect(await lookup(host, 'a', env), host).toBeUndefined()
    expect(await lookup('r.io', 'a', env)).toEqual(basic('helper', 's'))
    expect(await lookup('docker.io', 'a', env)).toEqual({ kind: 'identity-token', token: 't' })
    expect(await lookup('unknown.io', 'a', env)).toBeUndefined()
    expect(await lookup('gone.io', 'a', env)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('"missing"'),
    })
    expect(await lookup('odd.io', 'a', env)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('no program name'),
    })
    expect(await lookup('bad.io', 'a', env)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('not its protocol'),
    })
  })
})
