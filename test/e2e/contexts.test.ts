import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshoreAsync, makeActor, unavailable } from '../support/actor.ts'
import { makeRepository, startGitDaemon } from '../support/git-server.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'
import { startWebServer } from '../support/web-server.ts'
import { buildTree } from './built-tree.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

/** A tar of a folder's files, compressed by a command of this machine. */
function tarOf(folder: string, compressor: string): Buffer {
  const command = `tar --owner=1234 --group=1234 -c . | ${compressor}`
  return execFileSync('sh', ['-c', command], { cwd: folder, maxBuffer: 1 << 28 })
}

describe.each(['root', 'user'] as const)('contexts, as %s', (name) => {
  const reason = unavailable(name)
  const story = reason === undefined ? test : test.skip
  const actor: Actor | undefined = reason === undefined ? makeActor(name, directory) : undefined
  const me = (): Actor => {
    if (actor === undefined) throw new Error(reason)
    return actor
  }
  const files = {
    Dockerfile: 'FROM scratch\nCOPY . /all/\n',
    'other/Dockerfile': 'FROM scratch\nCOPY a.txt /other\n',
    'a.txt': 'a\n',
    'b.log': 'b\n',
    '.dockerignore': '*.log\n',
  }
  const allOf = (top: string): readonly string[] => [
    top,
    `${top}/.dockerignore`,
    `${top}/Dockerfile`,
    `${top}/a.txt`,
    `${top}/b.log`,
    `${top}/other`,
    `${top}/other/Dockerfile`,
  ]

  const compressors = name === 'root' ? ['cat', 'gzip', 'bzip2', 'xz', 'zstd'] : ['gzip']
  story.each(compressors)('a tar on stdin, through %s', async (compressor) => {
    const input = tarOf(contextFor(me(), 'stdin', files), compressor)
    const built = await buildTree(me(), ['-'], { input })
    expect(built.stderr).not.toMatch(/error/i)
    expect(Object.keys(built.lines)).toEqual(allOf('/all'))
    // Files of a context are root's, whoever packed them.
    expect(built.lines['/all/a.txt']).toBe('file 0644 0:0 = a\n')
    const again = await buildTree(me(), ['-'], { input })
    expect(again).toMatchObject({ imageId: built.imageId, executed: 0 })
    const other = await buildTree(me(), ['-f', 'other/Dockerfile', '-'], { input })
    expect(Object.keys(other.lines)).toEqual(['/other'])
  })

  story('a Dockerfile on stdin, with a context and without', async () => {
    const folder = contextFor(me(), 'file-stdin', files)
    const bare = await buildTree(me(), ['-'], { input: 'FROM scratch\nWORKDIR /w\n' })
    expect(bare.lines).toEqual({ '/w': 'dir 0755 0:0' })
    const built = await buildTree(me(), ['-f', '-', folder], { input: 'FROM scratch\nCOPY *.txt *.log /x/\n' })
    expect(Object.keys(built.lines)).toEqual(['/x', '/x/a.txt'])
    const lost = await buildTree(me(), ['-'], { input: 'FROM scratch\nCOPY a.txt /\n' })
    expect(lost.status).toBe(125)
    expect(lost.stderr).toContain('"/a.txt": not found in the build context')
  })

  story('what cannot be a context on stdin', async () => {
    const failed = async (args: readonly string[], input: string | Buffer, words: string): Promise<void> => {
      const built = await buildTree(me(), args, { input })
      expect(built.status).toBe(125)
      expect(built.stderr).toContain(words)
      expect(built.stderr).toContain('hint:')
    }
    await failed(['-'], '', 'nothing came on standard input')
    await failed(['-f', '-', '-'], 'FROM scratch\n', 'both the build context and the Dockerfile')
    await failed(['-f', 'x', '-'], 'FROM scratch\n', '"x" is not in it')
    await failed(['-'], Buffer.from([1, 0, 2, 0, 3]), '[archive-invalid]')
    const whole = tarOf(contextFor(me(), 'cut', { ...files, big: 'x'.repeat(100_000) }), 'cat')
    await failed(['-'], whole.subarray(0, 60_000), '[archive-invalid]')
    await failed(['-'], tarOf(contextFor(me(), 'empty', { x: '' }), 'cat'), 'no Dockerfile in the archive')
  })

  story('an archive that climbs out stays inside, and a Dockerfile that is a link out is not read', async () => {
    const folder = contextFor(me(), 'climbs', { 'real/Dockerfile': 'FROM scratch\nCOPY . /all/\n' })
    symlinkSync('../../../../../../real/Dockerfile', join(folder, 'Dockerfile'))
    symlinkSync('/etc', join(folder, 'etc'))
    writeFileSync(join(folder, 'evil'), 'evil\n')
    const command = "tar --transform='s,^./evil,../../../evil,' -P -c ./real ./Dockerfile ./etc ./evil"
    const input = execFileSync('sh', ['-c', command], { cwd: folder })
    const built = await buildTree(me(), ['-'], { input })
    expect(built.lines['/all/evil']).toBe('file 0644 0:0 = evil\n')
    expect(built.lines['/all/etc']).toBe('symlink 0:0 -> /etc')
    symlinkSync('/etc/passwd', join(folder, 'out'))
    const tar = tarOf(folder, 'cat')
    const out = await buildTree(me(), ['-f', 'out', '-'], { input: tar })
    expect(out.status).toBe(125)
    expect(out.stderr).toContain('no Dockerfile in the archive on standard input: looked for "out"')
    const lost = await buildTree(me(), ['-f', '../../../../etc/passwd', '-'], { input: tar })
    expect(lost.stderr).toContain('[dockerfile-not-found]')
  })

  story('an archive and a Dockerfile by http', async () => {
    const web = await startWebServer()
    const body = tarOf(contextFor(me(), 'http', files), 'gzip')
    web.pages.set('/context.tgz', { body, etag: '"1"' })
    web.pages.set('/Dockerfile', 'FROM scratch\nWORKDIR /from-web\n')
    const built = await buildTree(me(), [`${web.url}/context.tgz`])
    expect(Object.keys(built.lines)).toEqual(allOf('/all'))
    web.log.length = 0
    expect(await buildTree(me(), [`${web.url}/context.tgz`])).toMatchObject({ imageId: built.imageId, executed: 0 })
    expect(web.log).toEqual(['GET /context.tgz 304'])
    const bare = await buildTree(me(), [`${web.url}/Dockerfile`])
    expect(Object.keys(bare.lines)).toEqual(['/from-web'])
    const lost = await buildTree(me(), [`${web.url}/nothing.tgz`])
    expect(lost.status).toBe(125)
    expect(lost.stderr).toContain('[remote-not-found]')
  })

  story('a git repository: branch, folder, query, no ignore file, no way out', async () => {
    const repositories = join(me().home, 'git')
    mkdirSync(repositories)
    const app = makeRepository(repositories, 'app')
    app.commit({ ...files, 'out/x': '', evil: '->/etc', inside: '->other' })
    app.commit({ Dockerfile: 'FROM scratch\nCOPY .git/HEAD /head\n' }, { branch: 'kept' })
    const daemon = await startGitDaemon(repositories)
    const url = `${daemon.url}/app.git`
    const built = await buildTree(me(), [url])
    expect(built.stderr).not.toMatch(/error/i)
    expect(Object.keys(built.lines)).toEqual(
      [...allOf('/all'), '/all/evil', '/all/inside', '/all/out', '/all/out/x'].sort(),
    )
    for (const place of [`${url}#main:inside`, `${url}?ref=main&subdir=other`]) {
      const folder = await buildTree(me(), [place])
      expect(folder.status).toBe(125)
      // The folder is the whole context: a.txt is not in it.
      expect(folder.stderr).toContain('"/a.txt": not found')
    }
    const kept = await buildTree(me(), ['--build-arg', 'BUILDKIT_CONTEXT_KEEP_GIT_DIR=1', `${url}#kept`])
    expect(kept.lines['/head']).toMatch(/^file 0644 0:0 = [a-f0-9]{40}\n$/)
    const dropped = await buildTree(me(), [`${url}#kept`])
    expect(dropped.stderr).toContain('"/.git/HEAD": not found')
    // Nothing is above the top.
    expect((await buildTree(me(), [`${url}#main:../..`])).imageId).toBe(built.imageId)
    for (const folder of ['evil', 'nowhere', 'a.txt']) {
      const failed = await buildTree(me(), [`${url}#main:${folder}`])
      expect(failed.status).toBe(125)
      expect(failed.stderr).toContain(`the repository has no folder "${folder}"`)
    }
  })

  story('named contexts take the place of stages and images', async () => {
    const repositories = join(me().home, 'git-named')
    mkdirSync(repositories)
    makeRepository(repositories, 'repo').commit({ 'sub/r.txt': 'r\n' })
    const daemon = await startGitDaemon(repositories)
    const web = await startWebServer()
    web.pages.set('/a.tar', tarOf(contextFor(me(), 'archived', { 'in/archive.txt': 'archived\n' }), 'cat'))
    const own = contextFor(me(), 'own', { 'kept.txt': 'kept\n', 'b.log': '', '.dockerignore': '*.log\n' })
    const image = contextFor(me(), 'made', { Dockerfile: 'FROM scratch\nCOPY m /m\n', m: 'made\n' })
    expect((await buildTree(me(), ['-t', 'made', image])).status).toBe(0)
    const layout = join(me().home, 'layout')
    const wrote = contextFor(me(), 'layout-source', { Dockerfile: 'FROM scratch\nCOPY l /l\n', l: 'layout\n' })
    // Another store, so that the layout's image has to be brought in.
    const other = ['--root', join(me().home, 'store-2'), 'build', '-t', 'l:v1']
    const written = await longshoreAsync(me(), [...other, '-o', `type=oci,tar=false,dest=${layout}`, wrote])
    expect(written.status, written.stderr).toBe(0)
    const main = contextFor(me(), 'named', {
      Dockerfile: [
        'FROM nowhere.invalid/never AS build',
        'RUN never',
        'FROM base',
        'COPY --from=own . /own/',
        'COPY --from=repo . /repo/',
        'COPY --from=archive in /archive/',
        'COPY --from=build m /from-build',
        'COPY --from=0 m /from-index',
      ].join('\n'),
    })
    const args = [
      ...['--build-context', `base=oci-layout://${layout}:v1`],
      ...['--build-context', `own=${own}`],
      ...['--build-context', `repo=${daemon.url}/repo.git#main:sub`],
      ...['--build-context', `archive=${web.url}/a.tar`],
    ]
    const built = await buildTree(me(), [...args, '--build-context', 'build=docker-image://made', main])
    expect(built.stderr).not.toMatch(/error/i)
    expect(Object.keys(built.lines)).toEqual([
      '/archive',
      '/archive/archive.txt',
      '/from-build',
      '/from-index',
      '/l',
      '/own',
      '/own/.dockerignore',
      '/own/kept.txt',
      '/repo',
      '/repo/r.txt',
    ])
    const from = await buildTree(me(), [
      ...args,
      contextFor(me(), 'from-files', { Dockerfile: 'FROM own\nENV X=1\nCOPY --from=own kept.txt /again\n' }),
    ])
    expect(Object.keys(from.lines)).toEqual(['/.dockerignore', '/again', '/kept.txt'])
  })

  story('named contexts that cannot be', async () => {
    const main = contextFor(me(), 'bad-named', { Dockerfile: 'FROM x\nCOPY --from=x a /\n', file: '' })
    const web = await startWebServer()
    web.pages.set('/text', 'text\n')
    const cases: readonly (readonly [string, string])[] = [
      ['x=no/such/folder', '"no/such/folder" does not exist'],
      [`x=${join(main, 'file')}`, 'is not a directory'],
      ['scratch=.', '"scratch" cannot be replaced'],
      ['context=.', '"context" cannot be replaced'],
      ['x', '"x=" is no named context'],
      ['X y=.', 'is no named context'],
      ['x=ftp://a/b', '"ftp" is no scheme'],
      ['x=oci-layout:///no/such/layout', 'there is no /no/such/layout/oci-layout'],
      [`x=${web.url}/text`, 'is no archive'],
      [`x=${web.url}/nothing`, 'has no such file (404)'],
    ]
    for (const [value, words] of cases) {
      const built = await buildTree(me(), ['--build-context', value, main])
      expect(built.stderr, value).toContain(words)
      expect(built.stderr, value).toContain('hint:')
      expect(built.status, value).toBe(125)
    }
    const loop = ['a=docker-image://b', 'b=docker-image://a'].flatMap((value) => ['--build-context', value])
    expect((await buildTree(me(), [...loop, main])).stderr).toContain('never ends')
  })
})
