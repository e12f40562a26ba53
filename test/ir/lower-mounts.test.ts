import { describe, expect, it } from 'vitest'
import type { RunMount } from '../../src/ir/index.ts'
import { lowerText, operationsOf, problemsOf, programOf } from './lower-text.ts'

function mountsOf(flags: string, before = ''): readonly RunMount[] {
  return operationsOf('run', `FROM a\n${before}\nRUN ${flags} x`)[0]?.mounts ?? []
}

describe('RUN --mount', () => {
  it('is a read-only bind of the whole context without anything said', () => {
    expect(mountsOf('--mount=target=/c')).toMatchObject([
      { kind: 'bind', target: '/c', readonly: true, from: { kind: 'context' }, sources: ['.'] },
    ])
  })

  it.each([
    ['rw', false],
    ['readwrite=true', false],
    ['ro', true],
    ['readonly=false', false],
    ['rw,ro', true],
    ['ro,rw=0', true],
  ])('with %s is read-only: %s', (option, readonly) => {
    expect(mountsOf(`--mount=target=/c,${option}`)).toMatchObject([{ readonly }])
  })

  it('joins relative targets to the working directory, and cleans sources below their root', () => {
    const mounts = mountsOf('--mount=target=../b/,source=/../x/./y', 'WORKDIR /w/d')
    expect(mounts).toMatchObject([{ target: '/w/b', sources: ['x/y'] }])
  })

  it('expands every value but that of from', () => {
    const mounts = mountsOf('--mount=type=$T,target=/$D,id=${I:-none},mode=0$M,uid=$U', 'ARG T=cache D=d M=711 U=7')
    expect(mounts).toMatchObject([{ kind: 'cache', target: '/d', id: 'none', mode: 0o711, uid: 7, gid: 0 }])
    expect(problemsOf('FROM a\nARG b\nRUN --mount=from=$b,target=/x y')[0]).toMatch(/^from-variable/)
  })

  it('names a cache after its cleaned target, in the namespace of the build', () => {
    expect(mountsOf('--mount=type=cache,target=/a//b/')).toMatchObject([{ id: '/a/b' }])
    const buildArgs = { BUILDKIT_CACHE_MOUNT_NS: 'ns' }
    const [run] = operationsOf('run', 'FROM a\nRUN --mount=type=cache,target=/a,id=x y', { buildArgs })
    expect(run?.mounts).toMatchObject([{ id: 'ns/x' }])
  })

  it.each([
    ['64m', 64 * 1024 ** 2],
    ['1.5g', 1.5 * 1024 ** 3],
    ['10KiB', 10240],
    ['7', 7],
    ['1 MB', 1024 ** 2],
  ])('reads the size %s', (size, sizeBytes) => {
    expect(mountsOf(`--mount="type=tmpfs,target=/t,size=${size}"`)).toMatchObject([{ kind: 'tmpfs', sizeBytes }])
  })

  it('puts secrets where BuildKit does', () => {
    const at = (options: string): unknown => mountsOf(`--mount=type=secret,${options}`)
    expect(at('id=a/b')).toMatchObject([{ id: 'a/b', target: '/run/secrets/b', mode: 0o400 }])
    expect(at('target=/etc/x')).toMatchObject([{ id: 'x', target: '/etc/x' }])
    expect(at('id=t,env=T')).toEqual([expect.not.objectContaining({ target: expect.anything() })])
    expect(at('id=t,env=T,target=f')).toMatchObject([{ env: 'T', target: '/f' }])
  })

  it('numbers the sockets of agents', () => {
    expect(mountsOf('--mount=type=ssh --mount=type=ssh,id=x')).toMatchObject([
      { id: 'default', target: '/run/buildkit/ssh_agent.0', mode: 0o600 },
      { id: 'x', target: '/run/buildkit/ssh_agent.1' },
    ])
  })

  it('orders mounts so that one inside another comes later', () => {
    const mounts = mountsOf('--mount=type=tmpfs,target=/a/b/c --mount=target=/a --mount=type=tmpfs,target=/a/b')
    expect(mounts.map(({ target }) => target)).toEqual(['/a', '/a/b', '/a/b/c'])
  })

  it('reaches the stages and images that it takes files from, in triggers too', () => {
    const text = 'FROM a AS one\nFROM b AS two\nONBUILD RUN --mount=from=one,target=/x y\nFROM two AS three\nRUN z'
    expect(programOf(text).stages.map(({ name }) => name)).toEqual(['two', 'one', 'three'])
    const { rounds } = lowerText('FROM a\nRUN --mount=type=cache,from=tools:1,target=/x y')
    expect(rounds[0]).toMatchObject([
      { reference: 'a', use: 'base' },
      { reference: 'tools:1', use: 'files' },
    ])
  })

  it('takes --security=insecure only when that is allowed', () => {
    const text = 'FROM a\nRUN --security=insecure x'
    expect(problemsOf(text)[0]).toMatch(/^insecure-not-allowed/)
    expect(operationsOf('run', text, { allowInsecure: true })[0]?.security).toBe('insecure')
  })
})
