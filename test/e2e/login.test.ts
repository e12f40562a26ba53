import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { longshoreAsync, makeActor, type RunOptions, runAs } from '../support/actor.ts'
import {
  account,
  missingRegistryParts,
  startRegistry,
  startTokenServer,
  type TestRegistry,
  type TokenServer,
} from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const skip = missingRegistryParts()

describe.skipIf(skip !== undefined)(`login${skip ? ` (${skip})` : ''}`, () => {
  const directory = makeTemporaryDirectory()
  const actor = makeActor('root', directory)
  const config = join(actor.home, '.docker/config.json')
  let basic: TestRegistry
  let bearer: TestRegistry
  let tokens: TokenServer
  beforeAll(async () => {
    tokens = await startTokenServer()
    ;[basic, bearer] = await Promise.all([
      startRegistry({ basic: true }),
      startRegistry({ token: { realm: `${tokens.url}/token`, certificateFile: tokens.certificateFile } }),
    ])
  })
  afterAll(async () => {
    await Promise.all([basic?.stop(), bearer?.stop()])
    await tokens?.stop()
    removeDirectory(directory)
  })
  // Not synchronous: the token server lives in this process.
  const run = (args: readonly string[], options: RunOptions = {}) => longshoreAsync(actor, args, options)
  const login = (host: string, password: string, options: RunOptions = {}, ...flags: readonly string[]) =>
    run(['login', '-u', account.username, '--password-stdin', ...flags, host], { input: password, ...options })
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

  test('keeps what the registry takes, for its owner alone, and leaves the rest as it is', async () => {
    mkdirSync(join(actor.home, '.docker'), { recursive: true })
    writeFileSync(config, '{"auths":{"other.example":{"auth":"YTpi"}},"detachKeys":"ctrl-x"}')
    for (const { host } of [basic, bearer]) {
      const result = await login(host, `${account.password}\n`)
      expect(result.status, result.stderr).toBe(0)
      expect(result.stdout).toBe('Login Succeeded\n')
    }
    expect(statSync(config).mode & 0o777).toBe(0o600)
    const auth = Buffer.from(`${account.username}:${account.password}`).toString('base64')
    expect(read(config)).toEqual({
      auths: { 'other.example': { auth: 'YTpi' }, [basic.host]: { auth }, [bearer.host]: { auth } },
      detachKeys: 'ctrl-x',
    })
    expect((await run(['login', '--get-login', basic.host])).stdout).toBe(`${account.username}\n`)
    // skopeo finds what we wrote.
    expect(runAs(actor, ['skopeo', 'login', '--get-login', basic.host]).stdout.trim()).toBe(account.username)
  })

  test('keeps nothing that the registry refuses', async () => {
    const other = join(actor.home, 'refused.json')
    for (const { host } of [basic, bearer]) {
      const refused = await login(host, 'wrong', {}, '--authfile', other)
      expect(refused.status).toBe(125)
      expect(refused.stderr).toContain('[registry-denied]')
      expect(refused.stderr).toContain('check the user name and the password')
    }
    expect(() => statSync(other)).toThrow('ENOENT')
  })

  test('REGISTRY_AUTH_FILE says where, logout takes it away', async () => {
    const file = join(actor.home, 'containers/auth.json')
    const env = { REGISTRY_AUTH_FILE: file }
    expect((await login(basic.host, account.password, { env })).status).toBe(0)
    expect(Object.keys(read(file).auths)).toEqual([basic.host])
    expect((await run(['logout', basic.host], { env })).stdout).toBe(`Removed login credentials for ${basic.host}\n`)
    expect(read(file)).toEqual({ auths: {} })
    expect((await run(['logout', basic.host], { env })).stderr).toBe(`Not logged in to ${basic.host}\n`)
    expect((await run(['login', '--get-login', 'nowhere.example'], { env })).stderr).toContain('nobody is logged in')
  })

  test('a credential helper keeps it instead of the file', async () => {
    const bin = join(actor.home, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'docker-credential-box'), '#!/bin/sh\ncat > "$HOME/box-$1"\n')
    chmodSync(join(bin, 'docker-credential-box'), 0o755)
    const file = join(actor.home, 'helped.json')
    writeFileSync(file, '{"credsStore":"box"}')
    const env = { REGISTRY_AUTH_FILE: file, PATH: `${bin}:/usr/bin:/bin` }
    expect((await login(basic.host, account.password, { env })).status).toBe(0)
    expect(read(join(actor.home, 'box-store'))).toEqual({
      ServerURL: basic.host,
      Username: account.username,
      Secret: account.password,
    })
    expect(read(file)).toEqual({ credsStore: 'box', auths: { [basic.host]: {} } })
    await run(['logout', '--all'], { env })
    expect(readFileSync(join(actor.home, 'box-erase'), 'utf8')).toBe(basic.host)
    writeFileSync(file, '{"credsStore":"missing"}')
    expect((await login(basic.host, account.password, { env })).stderr).toContain('"missing"')
  })

  test('what is wrong is said, and no password with it', async () => {
    const stderr = async (...args: readonly string[]): Promise<string> => {
      const result = await run(['login', ...args])
      expect(result.status).toBe(125)
      return result.stderr
    }
    expect(await stderr('-u', 'a', basic.host)).toContain('no terminal to ask')
    expect(await stderr('--password-stdin', basic.host)).toContain('needs --username')
    expect(await stderr('-u', 'a', '-p', 'hunter2', '--password-stdin')).not.toContain('hunter2')
    expect(await stderr('-u', 'a', '-p', 'b', 'not a host')).toContain('is not a registry')
  })
})
