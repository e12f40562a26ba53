import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { kanikoArguments } from '../../src/cli/kaniko-arguments.ts'
import { kanikoContext } from '../../src/cli/kaniko-context.ts'
import { kanikoFlags } from '../../src/cli/kaniko-flags.ts'
import { parseKaniko } from '../../src/cli/parse-kaniko.ts'

const map = (...words: string[]) => kanikoArguments(parseKaniko(words), { env: {}, isFile: () => false })
const args = (...words: string[]): readonly string[] =>
  map('--no-push', ...words).args.filter((word) => word !== '--progress=plain')

describe('flags of kaniko', () => {
  test.each<[readonly string[], readonly string[]]>([
    [
      ['--build-arg', 'A=1', '--build-arg=B=x=y'],
      ['--build-arg=A=1', '--build-arg=B=x=y'],
    ],
    [
      ['--destination', 'a/b:1', '-d=c'],
      ['--tag=a/b:1', '--tag=c'],
    ],
    [['--dockerfile', 'docker/Dockerfile', '-c', 'dir:///work/'], ['--file=/work/docker/Dockerfile']],
    [['--dockerfile', '/x/Dockerfile'], ['--file=/x/Dockerfile']],
    [['-f', 'x/Dockerfile', '--context=git://example.com/a'], ['--file=x/Dockerfile']],
    [['--tarPath', 'a"b,c.tar'], ['--output=type=docker,"dest=a""b,c.tar"']],
    [['--oci-layout-path=out'], ['--output=type=oci,tar=false,"dest=out"']],
    [['--customPlatform=linux/arm64'], ['--platform=linux/arm64']],
    [
      ['--reproducible', '--single-snapshot=true'],
      ['--reproducible', '--source-date-epoch=0', '--squash'],
    ],
    [['--reproducible=false'], []],
    [['--insecure', '--skip-tls-verify-pull'], ['--tls-verify=false']],
    [['--push-retry', '2', '--image-download-retry', '5'], ['--retry=5']],
    [['--cache=false'], ['--no-cache']],
    [['--cache'], []],
    [
      ['--cache=true', '--destination=localhost:5000/team/app:1', '--cache-ttl=12h'],
      [
        '--cache-ttl=12h',
        '--tag=localhost:5000/team/app:1',
        '--cache-from=type=registry,ref=localhost:5000/team/app/cache',
        '--cache-to=type=registry,ref=localhost:5000/team/app/cache,mode=max',
      ],
    ],
    [['--cache', '--cache-repo', 'r.io/c', '--no-push-cache'], ['--cache-from=type=registry,ref=r.io/c']],
    [
      ['--cache', '--cache-repo=oci:/c'],
      ['--cache-from=type=local,"src=/c"', '--cache-to=type=local,"dest=/c",mode=max'],
    ],
  ])('%j', (words, expected) => {
    expect(args(...words)).toEqual(expected)
  })

  it('pushes, unless that is not wanted', () => {
    expect(map('-d', 'a').args).toContain('--output=type=registry')
    expect(map('-d', 'a', '--compression=zstd', '--compression-level=9').args).toContain(
      '--output=type=registry,compression=zstd,compression-level=9',
    )
    expect(() => map()).toThrow('nothing says where to push the image')
  })

  it('shows progress as loud as it is asked to', () => {
    expect(map('--no-push', '-v', 'error').args).toEqual(['--progress=quiet'])
    expect(map('--no-push', '--log-format=json').args).toEqual(['--progress=rawjson'])
  })

  it('says what changes nothing, refuses what would mean something else', () => {
    expect(map('--no-push', '--cleanup', '--snapshot-mode=redo').notes).toEqual([
      '--cleanup changes nothing here: nothing is left that had to be cleaned up',
      '--snapshot-mode changes nothing here: a layer is exactly what a step wrote',
    ])
    expect(map('--no-push', '--cleanup=false').notes).toEqual([])
    expect(() => map('--ignore-path=/x')).toThrow('--ignore-path: a layer holds all that a step wrote')
    expect(() => map('--no-push', '--git=insecure-skip-tls=true')).toThrow('this option is not known here')
  })

  it('tells registries apart', () => {
    const words = ['--registry-mirror=m.io/hub', '--registry-map=gcr.io=a.io;index.docker.io=b.io']
    const certificates = ['--registry-certificate=r.io=/ca.crt', '--registry-client-cert=r.io=/c.crt,/c.key']
    const more = ['--insecure-registry=i.io', '--skip-tls-verify-registry=j.io', '--skip-default-registry-fallback']
    expect(map('--no-push', ...words, ...certificates, ...more).access).toEqual({
      mirrors: { 'docker.io': ['m.io/hub', 'b.io'], 'gcr.io': ['a.io'] },
      onlyMirrors: true,
      insecureRegistries: ['i.io', 'j.io'],
      certificates: { 'r.io': { authority: '/ca.crt', identity: { cert: '/c.crt', key: '/c.key' } } },
    })
    expect(() => map('--no-push', '--registry-client-cert=r.io=/c.crt')).toThrow('cannot be read')
  })

  it('knows no others, and says what was meant', () => {
    expect(() => parseKaniko(['--destinaton=x'])).toThrow('kaniko has no flag --destinaton')
    expect(() => parseKaniko(['.'])).toThrow('"." is no flag')
    expect(() => parseKaniko(['--cache=maybe'])).toThrow('--cache is true or false, not "maybe"')
    expect(() => parseKaniko(['--context'])).toThrow('--context needs a value')
  })
})

describe('contexts of kaniko', () => {
  test.each([
    [undefined, undefined, '/workspace/'],
    ['dir:///work', undefined, '/work'],
    ['dir:///work/', 'app', '/work/app'],
    ['work', undefined, 'work'],
    ['tar://stdin', undefined, '-'],
    ['git://example.com/a/b', undefined, 'https://example.com/a/b.git'],
    ['git://example.com/a/b.git#refs/heads/main', 'app', 'https://example.com/a/b.git#refs/heads/main:app'],
    ['git://example.com/a/b.git#refs/heads/main#1234', undefined, 'https://example.com/a/b.git#1234'],
    ['https://example.com/a.git#main', undefined, 'https://example.com/a.git#main'],
    ['https://example.com/a.tar.gz', undefined, 'https://example.com/a.tar.gz'],
  ])('%s, folder %s', (text, folder, context) => {
    expect(kanikoContext(text, folder, undefined, 'https')).toEqual({ context })
  })

  it('takes archives from files, branches from --git, and nothing from buckets', () => {
    expect(kanikoContext('tar://a.tgz', undefined, undefined, 'https')).toEqual({ context: '-', archive: 'a.tgz' })
    expect(kanikoContext('git://h/a', undefined, 'next', 'http').context).toBe('http://h/a.git#refs/heads/next')
    expect(() => kanikoContext('s3://bucket/x', undefined, undefined, 'https')).toThrow('nothing here reads s3://')
    expect(() => kanikoContext('tar://a', 'x', undefined, 'https')).toThrow('--context-sub-path goes with a directory')
  })
})

test('the page about migration has the table of flags', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/migrate-from-kaniko.md'), 'utf8')
  const what = { same: 'the same', mapped: 'becomes', accepted: 'changes nothing', refused: 'refused' } as const
  const rows = kanikoFlags.map(({ name, role, text }) => `| \`--${name}\` | ${what[role]} | ${text} |`)
  expect(page).toContain(`| flag | | |\n| --- | --- | --- |\n${rows.join('\n')}\n`)
})
