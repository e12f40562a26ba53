import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadIgnoreFile } from '../../src/context/ignore-file.ts'
import { temporaryDirectory } from '../support/temporary.ts'

function write(directory: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return directory
}

test('the Dockerfile’s own file comes first, then .dockerignore, then .containerignore', () => {
  const context = write(temporaryDirectory(), { '.containerignore': 'c' })
  const dockerfile = join(context, 'build.Dockerfile')
  expect(loadIgnoreFile(context, dockerfile).fileName).toBe('.containerignore')
  write(context, { '.dockerignore': 'd' })
  expect(loadIgnoreFile(context, dockerfile).fileName).toBe('.dockerignore')
  write(context, { 'build.Dockerfile.dockerignore': 'own' })
  const matcher = loadIgnoreFile(context, dockerfile)
  expect(matcher.fileName).toBe('build.Dockerfile.dockerignore')
  expect([matcher.excludes('own'), matcher.excludes('d')]).toEqual([true, false])
  expect(loadIgnoreFile(context, join(context, 'Dockerfile')).fileName).toBe('.dockerignore')
})

test('a Dockerfile elsewhere has its file beside it', () => {
  const context = write(temporaryDirectory(), { '.dockerignore': 'd' })
  const elsewhere = write(temporaryDirectory(), { 'app.dockerignore': 'own' })
  expect(loadIgnoreFile(context, join(elsewhere, 'app')).excludes('own')).toBe(true)
  expect(loadIgnoreFile(context, join(elsewhere, 'none/Dockerfile')).excludes('d')).toBe(true)
})

test('without any, nothing is left out', () => {
  expect(loadIgnoreFile(temporaryDirectory(), '/nonexistent/Dockerfile').rules).toEqual([])
})

test('an empty own file turns the shared one off', () => {
  const context = write(temporaryDirectory(), { '.dockerignore': 'd', 'Dockerfile.dockerignore': '' })
  expect(loadIgnoreFile(context, join(context, 'Dockerfile')).excludes('d')).toBe(false)
})

test('a malformed pattern names file, line and text', () => {
  const context = write(temporaryDirectory(), { '.dockerignore': 'ok\n\n[a\n' })
  expect(() => loadIgnoreFile(context, join(context, 'Dockerfile'))).toThrow(
    expect.objectContaining({ code: 'bad-ignore-pattern', message: expect.stringMatching(/^\.dockerignore:3: "\[a"/) }),
  )
})

test('a symlink counts inside the context, and is refused when it leads out or nowhere', () => {
  const context = write(temporaryDirectory(), { shared: 'd' })
  const secret = write(temporaryDirectory(), { secret: 'x' })
  symlinkSync('shared', join(context, '.dockerignore'))
  expect(loadIgnoreFile(context, join(context, 'Dockerfile')).excludes('d')).toBe(true)
  for (const target of [join(secret, 'secret'), 'nowhere', '/dev/zero', '.dockerignore']) {
    const other = temporaryDirectory()
    symlinkSync(target, join(other, '.dockerignore'))
    expect(() => loadIgnoreFile(other, join(other, 'Dockerfile')), target).toThrow(
      expect.objectContaining({ code: 'context-unreadable', hint: expect.stringContaining('.dockerignore') }),
    )
  }
})

test('a fifo does not hang the build, a directory is no ignore file', () => {
  const fifo = temporaryDirectory()
  execFileSync('mkfifo', [join(fifo, '.dockerignore')])
  const directory = temporaryDirectory()
  mkdirSync(join(directory, '.dockerignore'))
  for (const context of [fifo, directory]) {
    expect(() => loadIgnoreFile(context, join(context, 'Dockerfile'))).toThrow(
      expect.objectContaining({ code: 'context-unreadable', message: expect.stringContaining('no regular file') }),
    )
  }
})
