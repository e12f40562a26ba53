import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatReference, parseReference } from '../../src/oci/index.ts'
import { routesFromFiles } from '../../src/registry/index.ts'
import { parseToml } from '../../src/registry/toml.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const conf = `
unqualified-search-registries = ["docker.io"] # taken, and not used
short-name-mode = "enforcing"

[[registry]]
prefix = "docker.io"
location = "docker.io"
[[registry.mirror]]
location = "mirror.example/hub"
insecure = true
[[registry.mirror]]
location = "digests.example"
pull-from-mirror = "digest-only"

[[registry]]
location = "internal.example:5000"
insecure = true

[[registry]]
prefix = "internal.example:5000/team"
location = "elsewhere.example/moved"

[[registry]]
prefix = '*.bad.example'
blocked = true
`

/** The places of a reference as text, `!` after those that are insecure. */
function places(text: string, purpose: 'pull' | 'push' = 'pull', source = conf): readonly string[] {
  const path = join(temporaryDirectory(), 'registries.conf')
  writeFileSync(path, source)
  const routes = routesFromFiles({ CONTAINERS_REGISTRIES_CONF: path }, '/nonexistent')
  return routes(parseReference(text), purpose).map(
    (route) => `${formatReference(route.reference)}${route.insecure ? '!' : ''}`,
  )
}

describe('routesFromFiles', () => {
  it('reads mirrors in order, the registry itself last', () => {
    expect(places('alpine:3')).toEqual(['mirror.example/hub/library/alpine:3!', 'docker.io/library/alpine:3'])
    const digest = `sha256:${'a'.repeat(64)}`
    expect(places(`alpine@${digest}`)).toEqual([
      `mirror.example/hub/library/alpine@${digest}!`,
      `digests.example/library/alpine@${digest}`,
      `docker.io/library/alpine@${digest}`,
    ])
  })

  it('writes to the registry itself alone', () => {
    expect(places('alpine:3', 'push')).toEqual(['docker.io/library/alpine:3'])
  })

  it('the longest prefix wins, and ends with a part of the name', () => {
    expect(places('internal.example:5000/app')).toEqual(['internal.example:5000/app!'])
    expect(places('internal.example:5000/team/app:1')).toEqual(['elsewhere.example/moved/app:1'])
    expect(places('internal.example:5000/teams/app:1')).toEqual(['internal.example:5000/teams/app:1!'])
    expect(places('other.example/app')).toEqual(['other.example/app'])
  })

  it('refuses what is blocked, by the pattern of its host', () => {
    expect(() => places('very.bad.example/app')).toThrow(/very\.bad\.example\/app is blocked by .*registries\.conf/)
    expect(places('bad.example/app')).toEqual(['bad.example/app'])
  })

  it('takes the files of a user before those of the machine', () => {
    const home = temporaryDirectory()
    mkdirSync(join(home, '.config/containers/registries.conf.d'), { recursive: true })
    const write = (name: string, location: string): void =>
      writeFileSync(
        join(home, '.config/containers', name),
        `[[registry]]\nprefix = "a.example"\nlocation = "${location}"\n`,
      )
    write('registries.conf', 'b.example')
    const at = () => routesFromFiles({}, home)(parseReference('a.example/x:1'), 'pull')[0]?.reference.registry
    expect(at()).toBe('b.example')
    write('registries.conf.d/10-own.conf', 'c.example')
    expect(at()).toBe('c.example')
  })
})

describe('parseToml', () => {
  it('reads lists over several lines, comments and both kinds of text', () => {
    expect(parseToml('a = [ # here\n  \'x#1\', "y\\"",\n]\nb.c = 12\n[t]\n"k e" = false\n', 'test')).toEqual({
      a: ['x#1', 'y"'],
      'b.c': 12,
      t: { 'k e': false },
    })
  })

  it('names file and line of what it cannot read', () => {
    expect(() => parseToml('a = 1\n\nb = {c = 1}\n', 'my.conf')).toThrow(
      'my.conf, line 3: "b = {c = 1}" cannot be read',
    )
  })
})
