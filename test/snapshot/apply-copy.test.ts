import { describe, expect, test } from 'vitest'
import { invariant } from '../../src/base/index.ts'
import { obstacle, runCopies, runJobs, type User } from './copy-job.ts'

const users: readonly User[] = ['root', 'user']

describe.each(users)('COPY as %s', (user) => {
  const check = test.skipIf(obstacle(user) !== undefined)

  check('a directory brings its contents, not itself', () => {
    const result = runCopies(user, {
      context: 'mkdir -m 750 src src/sub; echo a >src/a; echo b >src/sub/b; mkdir src/empty; : >src/nothing',
      steps: [{ sources: ['src'], destination: '/app' }],
    })
    expect(result.error).toBeUndefined()
    expect(result.brief('app')).toBe('d 755 0:0')
    expect(result.brief('app/a')).toBe('f 644 0:0')
    expect(result.brief('app/sub')).toBe('d 750 0:0')
    expect(result.brief('app/sub/b')).toBe('f 644 0:0')
    expect(result.brief('app/empty')).toBe('d 755 0:0')
    expect(result.brief('app/nothing')).toBe('f 644 0:0')
    expect(result.brief('app/src')).toBe('missing')
  })

  check('a slash at the end, or an existing directory, takes files in; else the destination names the file', () => {
    const result = runCopies(user, {
      image: 'mkdir there; echo old >file',
      context: 'echo new >f; chmod 600 f',
      steps: [
        { sources: ['f'], destination: '/there' },
        { sources: ['f'], destination: '/made/' },
        { sources: ['f'], destination: '/deep/er/name' },
        { sources: ['f'], destination: '/file' },
      ],
    })
    expect(result.error).toBeUndefined()
    for (const path of ['there/f', 'made/f', 'deep/er/name', 'file']) expect(result.brief(path)).toBe('f 600 0:0')
    for (const path of ['made', 'deep', 'deep/er']) expect(result.brief(path)).toBe('d 755 0:0')
  })

  check('heredocs become files after the sources: 0644, 0:0 and time 0, unless the flags say otherwise', () => {
    const inline = [
      { name: 'one', content: 'first\n' },
      { name: 'two', content: '' },
    ]
    const result = runCopies(user, {
      image:
        'mkdir -m 700 there; chown 5:6 there; echo old >there/one; ln -s /there/new link; mkdir -p etc; echo u:x:7: >etc/group; echo u:x:7:7::/:/ >etc/passwd',
      context: 'echo new >f; chmod 600 f',
      steps: [
        { inline, destination: '/there' },
        { sources: ['f'], inline, destination: '/several/' },
        { inline: inline.slice(0, 1), destination: '/link' },
        { inline: inline.slice(0, 1), destination: '/a/b', chown: 'u', chmod: 'u+x,o=' },
        { inline: inline.slice(0, 1), destination: '/c/d', chmod: '4711' },
      ],
    })
    expect(result.error).toBeUndefined()
    for (const path of ['there/one', 'there/two', 'several/one', 'there/new']) {
      expect(result.brief(path)).toBe('f 644 0:0')
      expect(result.files.get(path)?.mtime).toMatch(/^0\.0*$/)
    }
    expect(result.brief('there')).toBe('d 700 5:6')
    expect(result.brief('several/f')).toBe('f 600 0:0')
    expect(result.files.get('there/one')?.size).toBe(6)
    expect([result.brief('a'), result.brief('a/b')]).toEqual(['d 755 7:7', 'f 740 7:7'])
    expect([result.brief('c'), result.brief('c/d')]).toEqual(['d 4711 0:0', 'f 4711 0:0'])
  })

  check('a heredoc replaces no directory', () => {
    const inline = [{ name: 'in', content: '' }]
    const result = runCopies(user, { image: 'mkdir -p x/in', steps: [{ inline, destination: '/x/' }] })
    expect(result.error).toMatchObject({
      code: 'step-failed',
      message: 'cannot replace the directory "/x/in" with a file',
    })
  })

  check('a linked copy sees nothing of the image, and leaves no mark of overlay', () => {
    const result = runCopies(user, {
      image: 'mkdir -p real etc; ln -s /real link; chmod 700 etc',
      context: 'mkdir d; echo x >d/x; ln -s x d/l',
      steps: [
        { sources: ['d'], destination: '/link/in', link: true },
        { sources: ['d/x'], destination: '/etc/', chown: '3:4', link: true },
      ],
    })
    expect(result.error).toBeUndefined()
    expect(result.upper).toEqual(['etc', 'etc/x', 'link', 'link/in', 'link/in/l', 'link/in/x'])
    expect([result.brief('link'), result.brief('etc'), result.brief('etc/x')]).toEqual([
      'd 755 0:0',
      'd 755 3:4',
      'f 644 3:4',
    ])
    expect(result.upperXattrs).toEqual([])
  })

  check('symlinks in the destination are followed inside the root, dangling and absolute ones too', () => {
    const result = runCopies(user, {
      image:
        'mkdir -p real/in; ln -s /real/in abs; ln -s ../../../../real up; ln -s /not/yet dangling; ln -s /etc etc-link',
      context: 'echo x >f; mkdir d; echo y >d/y',
      steps: [
        { sources: ['f'], destination: '/abs/' },
        { sources: ['f'], destination: '/up/g' },
        { sources: ['f'], destination: '/dangling' },
        { sources: ['d'], destination: '/abs/../merged' },
        { sources: ['f'], destination: '/etc-link/longshore-test/' },
      ],
    })
    expect(result.error).toBeUndefined()
    for (const path of ['real/in/f', 'real/g', 'not/yet', 'etc/longshore-test/f']) {
      expect(result.brief(path)).toBe('f 644 0:0')
    }
    expect(result.brief('dangling')).toBe('l 777 0:0')
  })

  check('a symlink where a file goes into a directory is replaced, one that the destination names is followed', () => {
    const result = runCopies(user, {
      image: 'mkdir d; echo precious >precious; ln -s /precious d/f; ln -s /precious named',
      context: 'echo longer than precious >f',
      steps: [{ sources: ['f'], destination: '/d/' }],
    })
    expect(result.brief('d/f')).toBe('f 644 0:0')
    expect(result.files.get('precious')?.size).toBe(9)
    const named = runCopies(user, {
      image: 'echo precious >precious; ln -s /precious named',
      context: 'echo longer than precious >f',
      steps: [{ sources: ['f'], destination: '/named' }],
    })
    expect(named.brief('named')).toBe('l 777 0:0')
    expect(named.files.get('precious')?.size).toBe(21)
  })

  check('merging keeps the metadata of the top directory and gives nested ones the source’s', () => {
    const result = runCopies(user, {
      image:
        'mkdir -p top/nested top/other; chmod 700 top top/nested; chown 3:4 top top/nested; touch -d @1000 top top/nested top/other',
      context:
        'mkdir -p s/nested; chmod 711 s; chmod 751 s/nested; echo n >s/nested/n; touch -d @2000.123456789 s s/nested',
      steps: [{ sources: ['s'], destination: '/top' }],
    })
    expect(result.error).toBeUndefined()
    expect(result.brief('top')).toBe('d 700 3:4')
    expect(result.brief('top/nested')).toBe('d 751 0:0')
    expect(result.files.get('top')?.mtime).toMatch(/^1000\./)
    expect(result.files.get('top/nested')?.mtime).toBe('2000.1234567890')
    expect(result.upper).toEqual(['top', 'top/nested', 'top/nested/n'])
  })

  check('file over directory and directory over file are errors that name the place', () => {
    const image = 'mkdir -p d/x; echo f >f; mkdir t; echo y >t/y'
    const context = 'echo x >x; mkdir -p dir/y; echo z >dir/y/z; ln -s x link'
    const attempts: readonly (readonly [source: string, destination: string, place: string])[] = [
      ['x', '/d/', '"/d/x"'],
      ['dir', '/f', '"/f"'],
      ['dir', '/t', '"/t/y"'],
      ['x', '/f/', '"/f"'],
      ['x', '/f/below/it', '"/f"'],
    ]
    const jobs = attempts.map(([source, destination]) => ({
      image,
      context,
      steps: [{ sources: [source], destination }],
    }))
    for (const [index, { error }] of runJobs(user, jobs).entries()) {
      expect(error).toMatchObject({ code: 'step-failed', message: expect.stringContaining(attempts[index]?.[2] ?? '') })
    }
  })

  check('hard links are kept within a match, times to the nanosecond', () => {
    const result = runCopies(user, {
      context:
        'mkdir s; echo a >s/one; ln s/one s/two; touch -d @1234567890.987654321 s/one; ln -s nowhere s/link; touch -h -d @5.5 s/link',
      steps: [{ sources: ['s'], destination: '/a' }],
    })
    expect(result.files.get('a/one')).toMatchObject({ links: 2, mtime: '1234567890.9876543210' })
    expect(result.files.get('a/two')).toMatchObject({ links: 2 })
    expect(result.files.get('a/link')).toMatchObject({ type: 'l', target: 'nowhere', mtime: '5.5000000000' })
  })

  check('setuid survives, sockets become empty files, fifos stay fifos', () => {
    const result = runCopies(user, {
      context:
        'mkdir s; echo a >s/suid; chmod 4755 s/suid; echo a >s/all; chmod 7777 s/all; mkfifo -m 640 s/fifo; mkdir s/sticky; chmod 1777 s/sticky; perl -MSocket -e \'socket(S,PF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un("s/sock"))\'',
      steps: [{ sources: ['s'], destination: '/a', chown: '7:8' }],
    })
    expect(result.error).toBeUndefined()
    expect(result.brief('a')).toBe('d 755 7:8')
    expect(result.brief('a/suid')).toBe('f 4755 7:8')
    expect(result.brief('a/all')).toBe('f 7777 7:8')
    expect(result.brief('a/fifo')).toBe('p 640 7:8')
    expect(result.brief('a/sticky')).toBe('d 1777 7:8')
    expect(result.brief('a/sock')).toMatch(/^f \d+ 7:8$/)
    expect(result.files.get('a/sock')?.size).toBe(0)
  })

  check('a setgid directory in the image hands its bit to what is made in it, not to what is copied', () => {
    const result = runCopies(user, {
      image: 'mkdir sg; chown 0:50 sg; chmod 2775 sg',
      context: 'mkdir -p s/d; echo a >s/d/a; ln -s a s/l',
      steps: [{ sources: ['s'], destination: '/sg' }, { workdir: '/sg/made' }],
    })
    expect(result.brief('sg')).toBe('d 2775 0:50')
    expect(result.brief('sg/d')).toBe('d 755 0:0')
    expect(result.brief('sg/d/a')).toBe('f 644 0:0')
    expect(result.brief('sg/l')).toBe('l 777 0:0')
    expect(result.brief('sg/made')).toBe('d 2755 0:0')
  })

  check('--from keeps owners, modes and capabilities; the context is 0:0', () => {
    const result = runCopies(user, {
      from: 'mkdir -p out/d; echo a >out/a; chown 11:12 out/a; chmod 4711 out/a; chown 13:14 out/d; ln -s a out/l; chown -h 15:16 out/l',
      context: 'echo c >c; chown 21:22 c',
      steps: [
        { from: true, sources: ['out'], destination: '/o' },
        { sources: ['c'], destination: '/c' },
      ],
    })
    expect(result.error).toBeUndefined()
    expect(result.brief('o/a')).toBe('f 4711 11:12')
    expect(result.brief('o/d')).toBe('d 755 13:14')
    expect(result.brief('o/l')).toBe('l 777 15:16')
    expect(result.brief('c')).toBe('f 644 0:0')
  })

  check('--chown names come from the image; made parents belong to the same owner', () => {
    const result = runCopies(user, {
      image: 'mkdir etc; echo app:x:1000:1001::/home/app:/bin/sh >etc/passwd; echo web:x:33: >etc/group',
      context: 'mkdir s; echo a >s/a; ln -s a s/l',
      steps: [
        { sources: ['s'], destination: '/made/app', chown: 'app' },
        { sources: ['s/a'], destination: '/web/a', chown: 'app:web' },
        { sources: ['s/a'], destination: '/n', chown: '5' },
      ],
    })
    expect(result.error).toBeUndefined()
    for (const path of ['made', 'made/app']) expect(result.brief(path)).toBe('d 755 1000:1001')
    expect(result.brief('made/app/a')).toBe('f 644 1000:1001')
    expect(result.brief('made/app/l')).toBe('l 777 1000:1001')
    expect(result.brief('web/a')).toBe('f 644 1000:33')
    expect(result.brief('n')).toBe('f 644 5:5')
  })

  check('--chmod: octal for everything made, symbolic by what each was, never through symlinks', () => {
    const context = 'mkdir s s/d; echo a >s/plain; echo b >s/tool; chmod 755 s/tool; ln -s plain s/l; chmod 700 s/d'
    const octal = runCopies(user, {
      context,
      steps: [{ sources: ['s'], destination: '/p/a', chmod: '0751' }],
    })
    for (const path of ['p/a/plain', 'p/a/tool']) expect(octal.brief(path)).toBe('f 751 0:0')
    for (const path of ['p', 'p/a', 'p/a/d']) expect(octal.brief(path)).toBe('d 751 0:0')
    expect(octal.brief('p/a/l')).toBe('l 777 0:0')
    const symbolic = runCopies(user, {
      context,
      steps: [{ sources: ['s'], destination: '/p/a', chmod: 'u=rwX,go=rX' }],
    })
    expect(symbolic.brief('p/a/plain')).toBe('f 644 0:0')
    expect(symbolic.brief('p/a/tool')).toBe('f 755 0:0')
    expect(symbolic.brief('p/a/d')).toBe('d 755 0:0')
    expect(symbolic.brief('p')).toBe('d 755 0:0')
  })

  check('the layer is a function of the inputs: made and merged directories carry no time of this machine', () => {
    const job = {
      image: 'mkdir -p usr/local/bin; touch -d @100 usr usr/local usr/local/bin',
      context: 'mkdir s; echo a >s/a; touch -d @50 s/a; tar -c --mtime=@60 -f t.tar s; touch -d @70 t.tar',
      steps: [
        { sources: ['s/a'], destination: '/usr/local/bin/' },
        { sources: ['s/a'], destination: '/new/parent/a' },
        { workdir: '/work/here' },
        { sources: ['t.tar'], destination: '/usr/local/', unpack: true },
        { sources: ['t.tar'], destination: '/unpacked', unpack: true },
      ],
    } as const
    const [first, again] = runJobs(user, [job, job])
    invariant(first !== undefined && again !== undefined, 'two results')
    expect(first.error).toBeUndefined()
    expect(again.diffId).toBe(first.diffId)
    for (const path of ['usr', 'usr/local', 'usr/local/bin']) expect(first.files.get(path)?.mtime).toMatch(/^100\./)
    for (const path of ['new', 'new/parent', 'work', 'work/here']) expect(first.files.get(path)?.mtime).toMatch(/^0\./)
    expect(first.brief('usr/local/s/a')).toBe('f 644 0:0')
    expect(first.brief('unpacked/s/a')).toBe('f 644 0:0')
    expect(first.brief('usr/local/t.tar')).toBe('missing')
  })

  check('what an ignore file leaves out is not copied', () => {
    const result = runCopies(user, {
      context: 'mkdir -p a/keep b; echo 1 >a/x; echo 2 >a/keep/y; echo 3 >b/z; printf "a\\n!a/keep\\n" >.dockerignore',
      steps: [{ sources: ['.'], destination: '/c' }],
    })
    expect([...result.files.keys()].filter((path) => path.startsWith('c/'))).toEqual([
      'c/.dockerignore',
      'c/a',
      'c/a/keep',
      'c/a/keep/y',
      'c/b',
      'c/b/z',
    ])
  })

  check('a source that changes between selection and copying stops the step', () => {
    const context = 'mkdir d; echo one >d/f; touch -d @10 d/f; sleep 0.1'
    const changes = [
      'echo two >d/f',
      'echo two >d/f; touch -d @10 d/f',
      'rm d/f; echo one >d/f; touch -d @10 d/f',
      'rm d/f',
      'rm d/f; ln -s /etc/passwd d/f',
      'mv d e; ln -s e d',
      'mv d e; mkdir d; mkfifo d/f',
    ]
    const jobOf = (meanwhile: string) => ({ context, steps: [{ sources: ['.'], destination: '/c/', meanwhile }] })
    const results = runJobs(user, [...changes, 'echo new >other'].map(jobOf))
    for (const [index, change] of changes.entries()) {
      expect(results[index]?.error, change).toMatchObject({
        code: 'context-unreadable',
        message: expect.stringMatching(/"d(\/f)?"/),
      })
    }
    expect(results.at(-1)?.error).toBeUndefined()
  })
})

test.skipIf(obstacle('root') !== undefined)(
  'capabilities and user attributes come along with --from, also under --chown and --chmod',
  () => {
    // cap_net_raw+ep, as vfs_cap_data version 2 has it.
    const capability = '\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
    const base = {
      from: 'echo ping >ping; chmod 755 ping',
      steps: [{ from: true, sources: ['ping'], destination: '/ping' }],
    }
    const xattrs = [
      ['ping', 'security.capability', capability],
      ['ping', 'user.note', 'hello'],
      ['ping', 'trusted.note', 'stays'],
    ] as const
    const owned = [{ from: true, sources: ['ping'], destination: '/ping', chown: '7', chmod: '0711' }]
    const [bare, kept, changed] = runJobs('root', [base, { ...base, xattrs }, { ...base, xattrs, steps: owned }])
    expect(bare?.upperXattrs).toEqual([])
    expect(kept?.upperXattrs).toEqual(['ping security.capability', 'ping user.note'])
    expect(changed?.upperXattrs).toEqual(kept?.upperXattrs)
    expect(changed?.brief('ping')).toBe('f 711 7:7')
    expect(kept?.contentDigests).not.toEqual(bare?.contentDigests)
  },
)

test.skipIf(obstacle('user') !== undefined)('a device that an ordinary user copies is an error with a way out', () => {
  const { error } = runCopies('user', {
    context: 'mkdir dev; touch dev/null; mount --bind /dev/null dev/null',
    steps: [{ sources: ['dev/null'], destination: '/n' }],
    cleanUp: 'umount dev/null',
  })
  expect(error).toMatchObject({ code: 'permission-denied', hint: expect.stringContaining('.dockerignore') })
})

test.skipIf(obstacle('root') !== undefined)('devices are made by root', () => {
  const job = {
    from: 'mknod null c 1 3; chmod 666 null',
    steps: [{ from: true, sources: ['null'], destination: '/n' }],
  }
  expect(runCopies('root', job).brief('n')).toBe('c 666 0:0')
})
