import { describe, expect, it } from 'vitest'
import { isLoopback, isPrivateAddress, redirectObjection } from '../../src/http/hosts.ts'
import { apiHost, realmObjection } from '../../src/registry/hosts.ts'

describe('apiHost', () => {
  it('knows where Docker Hub is served', () => {
    expect(apiHost('docker.io')).toBe('registry-1.docker.io')
    expect(apiHost('ghcr.io')).toBe('ghcr.io')
  })
})

describe('addresses', () => {
  it.each(['localhost', 'LOCALHOST', 'a.localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]', '[::ffff:7f00:1]'])(
    '%s is loopback',
    (host) => {
      expect(isLoopback(host)).toBe(true)
    },
  )
  it.each(['localhost.example.com', '128.0.0.1', '127.example.com', '::2', 'mylocalhost'])(
    '%s is not loopback',
    (host) => {
      expect(isLoopback(host)).toBe(false)
    },
  )
  it.each([
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '[fe80::1]',
    '[fd00::1]',
    '[::]',
    '[::ffff:a9fe:a9fe]',
  ])('%s is private', (host) => {
    expect(isPrivateAddress(host)).toBe(true)
  })
  it.each(['172.32.0.1', '8.8.8.8', '100.128.0.1', '10.example.com', '[2001:db8::1]', 'fd00.example.com'])(
    '%s is not private',
    (host) => {
      expect(isPrivateAddress(host)).toBe(false)
    },
  )
})

describe('realmObjection', () => {
  const objection = (realm: string, registry = 'https://registry.example.com') =>
    realmObjection(new URL(realm), new URL(registry))

  it.each([
    ['https://auth.example.com/token', undefined],
    ['https://registry.example.com:444/token', undefined],
    ['http://auth.example.com/token', 'not https'],
    ['file:///etc/passwd', 'not https'],
    ['https://169.254.169.254/latest', 'private network'],
    ['https://10.0.0.5/token', 'private network'],
    ['https://localhost/token', 'private network'],
    ['https://2130706433/token', 'private network'],
    ['https://0x7f.1/token', 'private network'],
    ['https://[::1]/token', 'private network'],
    ['https://user@auth.example.com/', 'user name'],
  ])('of %s: %s', (realm, expected) => {
    if (expected === undefined) expect(objection(realm)).toBeUndefined()
    else expect(objection(realm)).toContain(expected)
  })

  it('lets a registry name its own host, and one on this machine a token server beside it', () => {
    expect(objection('https://10.0.0.5:5001/token', 'https://10.0.0.5:5000')).toBeUndefined()
    expect(objection('http://127.0.0.1:5001/token', 'http://localhost:5000')).toBeUndefined()
    expect(objection('http://10.0.0.5/token', 'http://localhost:5000')).toContain('private network')
  })
})

describe('redirectObjection', () => {
  const objection = (to: string, insecure = false, registry = 'https://registry.example.com') =>
    redirectObjection(new URL(to), new URL(registry), new URL(registry), insecure)

  it('allows object stores, also near ones, but not less security or the machine itself', () => {
    expect(objection('https://bucket.s3.example.com/x')).toBeUndefined()
    expect(objection('https://10.0.0.7:9000/x')).toBeUndefined()
    expect(objection('http://bucket.example.com/x')).toContain('from https to http')
    expect(objection('http://bucket.example.com/x', true)).toBeUndefined()
    expect(objection('https://127.0.0.1/x')).toContain('this machine')
    expect(objection('https://169.254.169.254/x')).toContain('link-local')
    expect(objection('ftp://example.com/x')).toContain('ftp:')
    expect(objection('http://127.0.0.1:9/x', false, 'http://127.0.0.1:5000')).toBeUndefined()
  })
})
