import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  makeDevice,
  mknod,
  O_CLOEXEC,
  O_PATH,
  openat2,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_SYMLINKS,
  S_IFCHR,
  S_IFIFO,
  SystemCallError,
  setTimes,
  splitDevice,
  tryLock,
} from '../../src/sys/index.ts'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-sys-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function errorOf(work: () => unknown): SystemCallError {
  try {
    work()
  } catch (error) {
    if (error instanceof SystemCallError) return error
    throw error
  }
  throw new Error('expected a SystemCallError')
}

describe('devices', () => {
  test('numbers are encoded as the kernel does, and back', () => {
    expect(makeDevice(1, 3)).toBe(0x103n)
    expect(makeDevice(0xfff, 0xfffff)).toBe(0xffffffffn)
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (major, minor) => {
        expect(splitDevice(makeDevice(major, minor))).toEqual({ major, minor })
      }),
    )
  })

  test('mknod makes whiteouts and fifos', () => {
    const folder = temporaryFolder()
    mknod(join(folder, 'whiteout'), S_IFCHR)
    mknod(Buffer.from(join(folder, 'pipe')), S_IFIFO | 0o600)
    const stats = lstatSync(join(folder, 'whiteout'))
    expect([stats.isCharacterDevice(), stats.rdev]).toEqual([true, 0])
    expect(lstatSync(join(folder, 'pipe')).isFIFO()).toBe(true)
    expect(errorOf(() => mknod(join(folder, 'pipe'), S_IFIFO))).toMatchObject({
      code: 'EEXIST',
      syscall: 'mknod',
      path: join(folder, 'pipe'),
    })
  })
})

test.each([0n, 1n, 1_600_000_000_123_456_789n, -1n, -7_250_000_000n])(
  'setTimes keeps nanoseconds (%s), and changes a symlink itself',
  (timeNs) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'target'), 'x')
    const before = lstatSync(join(folder, 'target'), { bigint: true }).mtimeNs
    symlinkSync('target', join(folder, 'link'))
    setTimes(join(folder, 'link'), timeNs)
    expect(lstatSync(join(folder, 'link'), { bigint: true }).mtimeNs).toBe(timeNs)
    expect(lstatSync(join(folder, 'target'), { bigint: true }).mtimeNs).toBe(before)
  },
)

describe('openat2', () => {
  function tree(): { readonly root: number; readonly folder: string } {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'root/etc'), { recursive: true })
    writeFileSync(join(folder, 'root/etc/passwd'), 'inside')
    writeFileSync(join(folder, 'secret'), 'outside')
    symlinkSync('/etc', join(folder, 'root/absolute'))
    symlinkSync('../../../../../etc', join(folder, 'root/climbing'))
    const root = openSync(join(folder, 'root'), O_PATH | constants.O_DIRECTORY)
    onTestFinished(() => closeSync(root))
    return { root, folder }
  }

  function content(fd: number): string {
    try {
      return readFileSync(fd, 'utf8')
    } finally {
      closeSync(fd)
    }
  }

  test('RESOLVE_IN_ROOT keeps absolute symlinks and .. inside', () => {
    const { root } = tree()
    for (const path of ['etc/passwd', '/etc/passwd', '../../etc/passwd', 'absolute/passwd', 'climbing/passwd']) {
      expect(content(openat2(root, path, constants.O_RDONLY | O_CLOEXEC, 0, RESOLVE_IN_ROOT))).toBe('inside')
    }
    expect(errorOf(() => openat2(root, '../secret', constants.O_RDONLY, 0, RESOLVE_IN_ROOT)).code).toBe('ENOENT')
  })

  test('RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS refuse', () => {
    const { root } = tree()
    expect(errorOf(() => openat2(root, '../secret', constants.O_RDONLY, 0, RESOLVE_BENEATH)).code).toBe('EXDEV')
    expect(
      errorOf(() => openat2(root, 'absolute/passwd', constants.O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS))
        .code,
    ).toBe('ELOOP')
  })

  test('a rename elsewhere that races with a .. is no error', async () => {
    const { root } = tree()
    const folder = temporaryFolder()
    const busy = spawn(
      process.execPath,
      [
        '-e',
        'const { renameSync, mkdirSync } = require("fs"); mkdirSync("a"); console.log("on"); for (;;) { renameSync("a", "b"); renameSync("b", "a") }',
      ],
      { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    try {
      await once(busy.stdout, 'data')
      const path = `${'etc/../'.repeat(100)}etc/passwd`
      for (let time = 0; time < 20_000; time++) closeSync(openat2(root, path, O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT))
    } finally {
      busy.kill('SIGKILL')
      await once(busy, 'close')
    }
  })

  test('O_CLOEXEC descriptors do not reach child processes', () => {
    const { root } = tree()
    const fd = openat2(root, 'etc/passwd', constants.O_RDONLY | O_CLOEXEC, 0, RESOLVE_IN_ROOT)
    expect(fstatSync(fd).isFile()).toBe(true)
    expect(spawnSync('test', ['-e', `/proc/self/fd/${fd}`]).status).toBe(1)
    closeSync(fd)
  })
})

test('tryLock: shared locks agree, an exclusive one waits for nobody, a closed file holds none', () => {
  const path = join(temporaryFolder(), 'lock')
  writeFileSync(path, '')
  const [first, second] = [openSync(path, 'r'), openSync(path, 'r')]
  expect([tryLock(first, 'shared'), tryLock(second, 'shared')]).toEqual([true, true])
  expect(tryLock(first, 'exclusive')).toBe(false)
  closeSync(second)
  expect(tryLock(first, 'exclusive')).toBe(true)
  closeSync(first)
  expect(errorOf(() => tryLock(first, 'shared')).code).toBe('EBADF')
})
