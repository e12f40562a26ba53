import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { contextFor, longshore, makeActor, startLongshore, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

test.skipIf(unavailable('root') !== undefined)(
  'results of build steps and images are pruned',
  { timeout: 300_000 },
  () => {
    const actor = makeActor('root', directory)
    buildBase(actor)
    const done = (...args: readonly string[]): string => {
      const result = longshore(actor, args)
      expect(result.status, result.stderr).toBe(0)
      return result.stdout
    }
    const context = contextFor(actor, 'pruned', {
      Dockerfile: 'FROM longshore-base\nRUN head -c 3000000 /dev/urandom > /big\nRUN echo small > /small\n',
    })
    done('build', '-q', '-t', 'pruned', context)
    // An image has them: there is nothing to free.
    expect(done('builder', 'prune', '--dry-run')).toBe('Total reclaimable space: 0B\n')
    done('rmi', 'pruned')
    const planned = done('builder', 'prune', '--dry-run')
    expect(planned).toContain('RUN head -c 3000000')
    expect(planned).toContain('no image has it')
    expect(done('builder', 'prune', '-f', '--filter', 'until=1h')).toBe('Total reclaimed space: 0B\n')
    const kept = done('builder', 'prune', '-f', '--keep-storage', '1MB')
    expect(kept).toContain('worth least for its size')
    expect(kept).toContain('RUN head -c 3000000')
    expect(kept).not.toContain('RUN echo small')
    expect(kept).toMatch(/Total reclaimed space: 3[.\d]*MB\n$/)
    done('build', '-q', '-t', 'pruned', context)
    done('untag', 'pruned')
    const before = done('images', '-aq')
    expect(done('system', 'prune', '--dry-run')).toContain('Images that would be deleted:\ndeleted: sha256:')
    expect(done('images', '-aq')).toBe(before)
    expect(done('system', 'prune', '-f')).toContain('Deleted Images:\ndeleted: sha256:')
    expect(done('images', '-a')).not.toContain('<none>')
    expect(done('builder', 'prune', '-af')).toContain('COPY')
    expect(longshore(actor, ['builder', 'prune', '-f', '--keep-storage', 'much']).stderr).toContain(
      'cannot read --keep-storage "much" as a size',
    )
    expect(longshore(actor, ['system', 'prune', '-f', '--filter', 'label=a']).status).toBe(125)
  },
)

describe.each(['root', 'user'] as const)('as %s', (name) => {
  test.skipIf(unavailable(name) !== undefined)(
    'all that grows is pruned, and kept within a budget',
    { timeout: 300_000 },
    () => {
      const actor = makeActor(name, join(directory))
      buildBase(actor)
      const run = (...args: readonly string[]): ReturnType<typeof longshore> => longshore(actor, args)
      const done = (...args: readonly string[]): string => {
        const result = run(...args)
        expect(result.status, result.stderr).toBe(0)
        return result.stdout
      }
      const files = {
        Dockerfile:
          'FROM longshore-base\nRUN --mount=type=cache,target=/c head -c 2000000 /dev/zero > /c/x && echo made > /made\n',
        Bad: 'FROM longshore-base\nRUN head -c 1000000 /dev/zero > /x; exit 3\n',
        Large: 'FROM longshore-base\nRUN head -c 4000000 /dev/urandom > /large\nRUN echo first > /first\n',
      }
      const context = contextFor(actor, 'grows', files)
      done('build', '-q', '-t', 'grows', context)
      expect(run('build', '-q', '-f', join(context, 'Bad'), context).status).toBe(1)
      const rmi = run('rmi', 'grows')
      expect(rmi.stderr).toMatch(
        /^[\d.]+kB of layers stay in the cache for builds to come; longshore builder prune frees them\.$/m,
      )
      const planned = done('builder', 'prune', '--dry-run')
      for (const kind of ['step', 'failed', 'mount']) expect(planned).toMatch(new RegExp(`^[0-9a-f-]+ +${kind} `, 'm'))
      expect(done('builder', 'prune', '--dry-run', '--filter', 'type=exec.cachemount')).toContain('id=/c')
      expect(run('builder', 'prune', '-f', '--filter', 'type=nothing').status).toBe(125)
      expect(done('builder', 'prune', '-f', '--filter', 'type=failed')).toContain(' failed ')
      expect(readdirSync(join(actor.home, 'store/failed'))).toEqual([])
      expect(done('builder', 'prune', '-af')).toContain(' mount ')
      expect(existsSync(join(actor.home, 'store/traces')) && readdirSync(join(actor.home, 'store/traces'))).toEqual([])
      // A later build finds the cache beyond its budget; what it has just made stays.
      done('build', '-q', '-f', join(context, 'Large'), '-t', 'large', context)
      done('rmi', 'large')
      const kept = run('build', '--cache-budget', '3MB', '-t', 'grows', context)
      expect(kept.stderr).toMatch(/keep the cache within 3 MB: removed \d+ things?, 4 MB/)
      expect(done('builder', 'prune', '--dry-run')).toContain('RUN echo first')
      expect(run('build', '-q', '--cache-budget', 'much', context).status).toBe(125)
      done('network', 'create', 'unused')
      done('create', '--name', 'stopped', 'grows', 'true')
      const system = done('system', 'prune', '-f', '--volumes')
      expect(system).toMatch(/^Deleted Containers:\n[0-9a-f]{64}\n\nDeleted Networks:\nunused\n\n/)
      expect(done('ps', '-aq')).toBe('')
    },
  )
})

test.skipIf(unavailable('root') !== undefined)(
  'a running build loses nothing to a prune',
  { timeout: 300_000 },
  async () => {
    const actor = makeActor('root', makeTemporaryDirectory())
    try {
      buildBase(actor)
      const context = contextFor(actor, 'beside', {
        First: 'FROM longshore-base\nRUN echo first > /first\n',
      })
      const done = (...args: readonly string[]): string => {
        const result = longshore(actor, args)
        expect(result.status, result.stderr).toBe(0)
        return result.stdout
      }
      done('build', '-q', '-t', 'first', '-f', join(context, 'First'), context)
      done('rmi', 'first')
      const waiting = {
        Dockerfile:
          'FROM longshore-base\nRUN echo first > /first\nRUN --mount=type=cache,target=/gate until [ -e /gate/go ]; do sleep 0.1; done; cat /first\n',
      }
      const child = startLongshore(actor, [
        'build',
        '--progress',
        'plain',
        '-t',
        'beside',
        contextFor(actor, 'waiting', waiting),
      ])
      let progress = ''
      const ended = new Promise<number | null>((finish) => child.once('close', finish))
      await new Promise<void>((started) => {
        child.stderr?.setEncoding('utf8').on('data', (text: string) => {
          progress += text
          if (progress.includes('until [ -e /gate/go ]')) started()
        })
        ended.then(() => started())
      })
      // What the build found at its start is pruned from under it, and its cache directory is not.
      done('builder', 'prune', '-af')
      const mounts = join(actor.home, 'store/cache/mounts')
      for (const name of readdirSync(mounts)) {
        const gate = join(mounts, name, '0/fs')
        for (let tries = 0; tries < 100 && !existsSync(gate); tries++) await delay(100)
        writeFileSync(join(gate, 'go'), '')
      }
      expect(await ended, progress).toBe(0)
      expect(done('run', '--rm', 'beside', 'cat', '/first')).toBe('first\n')
      expect(done('system', 'check')).toContain('all is well')
    } finally {
      removeDirectory(join(actor.home, '..'))
    }
  },
)
