import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Cgroup, findCgroup, type Limits, openCgroup, probeCgroups, sweepGroups } from '../../src/cgroup/index.ts'
import { checkout, makeActor, runAs, unavailable } from '../support/actor.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const facts = probeCgroups(true)

function group(limits: Limits): Cgroup & { readonly id: string } {
  const id = `test-${randomBytes(6).toString('hex')}`
  const cgroup = openCgroup(id, limits, facts, process.pid)
  onTestFinished(() => cgroup.remove())
  return Object.assign(cgroup, { id })
}

function run(cgroup: Cgroup, script: string): { status: number | null; signal: string | null; stdout: string } {
  const [program = '', ...args] = cgroup.enter(['sh', '-c', script])
  return spawnSync(program, args, { encoding: 'utf8' })
}

/** Starts `script` and waits for its first output. */
async function startUntilOutput(cgroup: Cgroup, script: string): Promise<ReturnType<typeof spawn>> {
  const [program = '', ...args] = cgroup.enter(['sh', '-c', script])
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return child
}

describe.skipIf(unavailable('root'))('a control group of a container, as root', () => {
  test('an allocation beyond the memory limit is killed and known as that', () => {
    const cgroup = group({ memoryBytes: 32 << 20, memorySwapBytes: 32 << 20 })
    expect(cgroup.notes).toEqual([])
    expect(cgroup.wasOomKilled()).toBe(false)
    // tail(1) keeps what has no line end.
    const { status, signal } = run(
      cgroup,
      'head -c 200000000 /dev/zero | tail -c 150000000 | wc -c; exec sh -c "exit 7"',
    )
    expect({ status, signal }).toEqual({ status: 7, signal: null })
    expect(cgroup.wasOomKilled()).toBe(true)
    cgroup.forgetOom()
    expect(cgroup.wasOomKilled()).toBe(false)
  })

  test('a fork bomb stops at the limit of processes', () => {
    const cgroup = group({ pids: 20 })
    const script = 'i=0; while [ $i -lt 60 ]; do sleep 60 >/dev/null 2>&1 & i=$((i+1)); done; echo end'
    const { stdout } = run(cgroup, script)
    expect(cgroup.usage().pidsLimit).toBe(20)
    expect(cgroup.usage().pids).toBeLessThanOrEqual(20)
    expect(cgroup.processes().length).toBeGreaterThan(5)
    expect(stdout).not.toContain('end')
  })

  test('half a processor does half the work', async () => {
    // Both run at once, so that what else the machine does is the same for both; little, so that both get what they may.
    const [whole, half] = [group({ cpus: 0.1 }), group({ cpus: 0.05 })]
    const script = 'echo go; while :; do :; done'
    const children = [await startUntilOutput(whole, script), await startUntilOutput(half, script)]
    const before = [whole.usage().cpuNs ?? 0, half.usage().cpuNs ?? 0]
    while ((whole.usage().cpuNs ?? 0) - (before[0] ?? 0) < 0.6e9)
      await new Promise((resolve) => setTimeout(resolve, 50))
    const used = [whole.usage().cpuNs ?? 0, half.usage().cpuNs ?? 0].map((value, index) => value - (before[index] ?? 0))
    for (const child of children) child.kill('SIGKILL')
    const ratio = (used[0] ?? 0) / (used[1] ?? 1)
    expect(ratio).toBeGreaterThan(1.4)
    expect(ratio).toBeLessThan(2.8)
  })

  test('processors are chosen, shares are set', () => {
    const cgroup = group({ cpusetCpus: '0', cpuShares: 512 })
    expect(run(cgroup, 'grep Cpus_allowed_list /proc/self/status').stdout).toMatch(/\t0\n$/)
    const place = facts.controllers.cpu
    const file = place.kind === 'there' ? `${place.parent}/${cgroup.id}/cpu.shares` : ''
    if (existsSync(file)) expect(readFileSync(file, 'utf8')).toBe('512\n')
  })

  test('limits change while it runs, up and down', () => {
    const cgroup = group({ memoryBytes: 32 << 20 })
    cgroup.update({ memoryBytes: 256 << 20 })
    expect(cgroup.usage().memoryLimitBytes).toBe(256 << 20)
    cgroup.update({ memoryBytes: 16 << 20, pids: 7 })
    expect(cgroup.usage()).toMatchObject({ memoryLimitBytes: 16 << 20, pidsLimit: 7 })
    const refused = expect.objectContaining({
      code: 'limit-unavailable',
      message: expect.stringContaining('--cpuset-cpus'),
    })
    expect(() => cgroup.update({ cpusetCpus: '99999' })).toThrow(refused)
  })

  test('is frozen and thawed', async () => {
    const cgroup = group({})
    const child = await startUntilOutput(cgroup, 'while :; do echo x; done')
    child.stdout?.resume()
    expect(await cgroup.freeze()).toBe(true)
    const then = cgroup.usage().cpuNs
    expect(spawnSync('sleep', ['0.2']).status).toBe(0)
    expect(cgroup.usage().cpuNs).toBe(then)
    cgroup.thaw()
    while (cgroup.usage().cpuNs === then) await new Promise((resolve) => setTimeout(resolve, 10))
    child.kill('SIGKILL')
  })

  test('is found by others, and removing it ends what is in it', async () => {
    const cgroup = group({ pids: 50 })
    const child = await startUntilOutput(cgroup, 'echo here; sleep 60 & sleep 60')
    const ended = new Promise((resolve) => child.once('close', resolve))
    const found = findCgroup(cgroup.id, facts, process.pid)
    expect(found?.processes().length).toBeGreaterThan(0)
    expect(found?.usage().memoryBytes).toBeGreaterThan(0)
    await found?.remove()
    await ended
    expect(findCgroup(cgroup.id, facts, process.pid)).toBeUndefined()
  })

  test('what a killed process left is swept away, what a living one made stays', () => {
    const prefix = `test-sweep-${randomBytes(6).toString('hex')}`
    const alive = openCgroup(`${prefix}-alive`, { pids: 5 }, facts, process.pid)
    onTestFinished(() => alive.remove())
    const script = `import { openCgroup, probeCgroups } from '${checkout}/src/cgroup/index.ts'
openCgroup('${prefix}-dead', { pids: 5 }, probeCgroups(true), process.pid)
process.kill(process.pid, 'SIGKILL')`
    const { signal } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script])
    expect(signal).toBe('SIGKILL')
    const left = () => ['alive', 'dead'].filter((name) => findCgroup(`${prefix}-${name}`, facts, process.pid))
    sweepGroups(facts, prefix, Date.now())
    expect(left(), 'those just made').toEqual(['alive', 'dead'])
    sweepGroups(facts, prefix, Date.now() + 60_000)
    expect(left()).toEqual(['alive'])
  })
})

test.skipIf(unavailable('user'))(
  'an ordinary user to whom nothing is delegated is told so, and nothing is pretended',
  () => {
    const user = makeActor('user', temporaryDirectory())
    const place = process.getuid?.() === 0 ? '/mnt/longshore' : checkout
    const script = `import { openCgroup, probeCgroups } from '${place}/src/cgroup/index.ts'
const facts = probeCgroups(false)
const cgroup = openCgroup('test-user', { memoryBytes: 1 << 28, pids: 5 }, facts, process.pid)
console.log(JSON.stringify([facts.layout, cgroup.notes, cgroup.enter(['true']).length]))`
    const { stdout, stderr } = runAs(user, [
      `${place}/node_modules/node/bin/node`,
      '--input-type=module-typescript',
      '-e',
      script,
    ])
    expect(stderr).toBe('')
    const [, notes, words] = JSON.parse(stdout)
    if (words === 1) {
      expect(notes).toHaveLength(3)
      expect(notes[0]).toMatch(/^--memory has no effect here: the controller "memory" is not delegated to this user/)
    } else expect(notes).toEqual([])
  },
)
