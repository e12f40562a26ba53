import { afterAll, describe, expect, test } from 'vitest'
import { contextFor, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

describe.each(['root', 'user'] as const)('as %s', (name) => {
  test.skipIf(unavailable(name) !== undefined)('image tree and image diff', { timeout: 300_000 }, () => {
    const actor = makeActor(name, directory)
    buildBase(actor)
    const run = (...args: readonly string[]): ReturnType<typeof longshore> => longshore(actor, args)
    const build = (text: string): void => {
      const Dockerfile = [
        'FROM longshore-base',
        'RUN mkdir -p /opt/a && head -c 300000 /dev/zero > /opt/a/big && mkdir -m 700 /opt/shut && chown 5:5 /opt/shut',
        `RUN rm /opt/a/big && echo ${text} > /etc/hi && printf x > "/etc/$(printf 'ev\\033[31mil\\nname')"`,
        'RUN rm -rf /opt/a',
      ].join('\n')
      const context = contextFor(actor, text, { Dockerfile })
      const built = run('build', '-q', '-t', text, context)
      expect(built.status, built.stderr).toBe(0)
    }
    build('one')
    build('two')
    const tree = run('image', 'tree', 'one')
    expect(tree.stderr).toBe('')
    expect(tree.stdout).toContain('Names:    one:latest\n')
    expect(tree.stdout).toMatch(/^Wasted: {3}300kB \(1\d\.\d %\)$/m)
    expect(tree.stdout).toMatch(/^├─ [0-9a-f]{12} 30\dkB \(300kB wasted\) {2}RUN \/bin\/sh -c mkdir/m)
    expect(tree.stdout).toContain('A  300kB  /opt/  (1 file)\n')
    expect(tree.stdout).toContain('/etc/ev\\x1b[31mil\\nname\n')
    expect(tree.stdout).toMatch(/D {2}300kB {2}\/opt\/a\/big\n/)
    expect(tree.stdout).toMatch(/300kB +1 +\/opt\/a\/big\n$/)
    expect(run('image', 'tree', '--all', 'one').stdout).toContain('  /opt/a/\n')
    const json: unknown = JSON.parse(run('image', 'tree', '--format', 'json', 'one').stdout)
    expect(json).toMatchObject({
      names: ['one:latest'],
      wastedBytes: 300_000,
      wasted: [{ path: '/opt/a/big', times: 1 }],
    })
    for (const [flag, limit, status] of [
      ['--max-size', '1MB', 1],
      ['--max-size', '100MB', 0],
      ['--max-wasted', '1%', 1],
      ['--max-wasted', '300kB', 0],
      ['--max-wasted', '299kB', 1],
      ['--max-wasted', 'much%', 125],
    ] as const)
      expect(run('image', 'tree', flag, limit, 'one').status, `${flag} ${limit}`).toBe(status)
    const difference = run('image', 'diff', 'one', 'two')
    expect(difference.stdout).toContain('C  4B  /etc/hi  (content, was 4B)\n')
    expect(difference.stdout.trimEnd().split('\n')).toHaveLength(4)
    expect(run('image', 'diff', 'one', 'one').stdout).toContain('The files are the same.')
    expect(run('image', 'diff', '--max-wasted', '1B', 'one', 'two').stderr).toContain('more than --max-wasted 1B')
    expect(run('image', 'diff', 'one', 'missing').status).toBe(125)
  })
})
