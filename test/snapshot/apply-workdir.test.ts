import { describe, expect, test } from 'vitest'
import { obstacle, runJobs, type User } from './copy-job.ts'

const users: readonly User[] = ['root', 'user']

describe.each(users)('WORKDIR as %s', (user) => {
  test.skipIf(obstacle(user) !== undefined)(
    'makes what is missing, leaves what exists, stays inside, names what is in the way',
    () => {
      const [made, existing, hostile, blocked, loop] = runJobs(user, [
        { image: 'mkdir a; chown 9:9 a; touch -d @77 a', steps: [{ workdir: '/a/b/c', chown: '1000:50' }] },
        { image: 'mkdir -m 700 a; touch -d @77.5 a', steps: [{ workdir: '/a', chown: '1000' }] },
        {
          image: 'ln -s /longshore/../../../escape out; ln -s /tmp tmp-link',
          steps: [{ workdir: '/out/x' }, { workdir: '/tmp-link/y' }],
        },
        { image: 'echo f >file', steps: [{ workdir: '/file/x' }] },
        { image: 'ln -s loop loop', steps: [{ workdir: '/loop' }] },
      ])
      expect(made?.error).toBeUndefined()
      expect([made?.brief('a'), made?.brief('a/b'), made?.brief('a/b/c')]).toEqual([
        'd 755 9:9',
        'd 755 1000:50',
        'd 755 1000:50',
      ])
      expect([made?.files.get('a')?.mtime, made?.files.get('a/b')?.mtime]).toEqual(['77.0000000000', '0.0000000000'])
      expect(existing?.brief('a')).toBe('d 700 0:0')
      expect(existing?.files.get('a')?.mtime).toBe('77.5000000000')
      expect(existing?.upper).toEqual([])
      expect(hostile?.error).toBeUndefined()
      expect(hostile?.brief('escape/x')).toBe('d 755 0:0')
      expect(hostile?.brief('tmp/y')).toBe('d 755 0:0')
      expect(blocked?.error).toMatchObject({
        code: 'step-failed',
        message: expect.stringContaining('"/file" is not a directory'),
      })
      expect(loop?.error).toMatchObject({ code: 'step-failed', message: expect.stringContaining('circle') })
    },
  )
})
