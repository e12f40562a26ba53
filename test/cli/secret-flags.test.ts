import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAgents, parseAllowed, parseSecrets } from '../../src/cli/secret-flags.ts'
import { temporaryDirectory } from '../support/temporary.ts'

function host(env: Readonly<Record<string, string>> = {}): { cwd: string; env: Readonly<Record<string, string>> } {
  const cwd = temporaryDirectory()
  writeFileSync(join(cwd, 'file'), 'value')
  return { cwd, env }
}

describe('--secret', () => {
  test('is a file or an environment variable', () => {
    const here = host({ tok: 'x' })
    const file = { kind: 'file', path: join(here.cwd, 'file') }
    const specs = [
      'id=a,src=file',
      `source=${here.cwd}/file,id=b`,
      'id=file',
      'id=c,env=C',
      'id=tok',
      'type=env,id=d,src=D',
    ]
    expect(parseSecrets(specs, here)).toEqual({
      ...{ a: file, b: file, file },
      c: { kind: 'env', name: 'C' },
      tok: { kind: 'env', name: 'tok' },
      d: { kind: 'env', name: 'D' },
    })
  })

  test.each([
    ['src=file', 'the id is missing'],
    ['id=a,src=nope', '"nope" is no file'],
    ['id=a', '"a" is no file'],
    ['id=a,src=file,env=B', 'src and env exclude each other'],
    ['id=a,source=file,kind=x', 'unexpected "kind=x"'],
    ['id=a,type=vault', 'unknown type "vault"'],
    ['token', 'unexpected "token"'],
  ])('%s is refused', (spec, reason) => {
    expect(() => parseSecrets([spec], host())).toThrow(`--secret ${spec}: ${reason}`)
  })
})

test('--ssh names an agent, a socket or keys', () => {
  const here = host()
  expect(parseAgents(['default', 'a=/s', 'b=k1,/k2'], here)).toEqual({
    default: [],
    a: ['/s'],
    b: [join(here.cwd, 'k1'), '/k2'],
  })
  expect(() => parseAgents(['=x'], here)).toThrow('the id is missing')
})

test('--allow knows its rights', () => {
  expect(parseAllowed(['security.insecure']).has('security.insecure')).toBe(true)
  expect(() => parseAllowed(['security.unsafe'])).toThrow('there is no such right')
})
