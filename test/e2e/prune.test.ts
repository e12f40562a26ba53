import { afterAll, expect, test } from 'vitest'
import { contextFor, longshore, makeActor, unavailable } from '../support/actor.ts'
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
