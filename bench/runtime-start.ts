/** How long a container runtime takes to run /bin/true by itself: what a RUN cannot do without. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { measure } from './builders.ts'

export interface RuntimeStart {
  readonly runtime: string
  /** In milliseconds, one for each call of `measure`. */
  readonly times: readonly number[]
  measure(): void
}

/**
 * Times of a shell script in the root filesystem of `base`, without any builder and any isolation but chroot(2); each time in a
 * new directory beside it.
 */
export function bareRun(base: string, script: string): Pick<RuntimeStart, 'times' | 'measure'> {
  const times: number[] = []
  return {
    times,
    measure: () => {
      const root = mkdtempSync(join(dirname(base), 'bare-'))
      cpSync(join(base, 'rootfs'), root, { recursive: true, verbatimSymlinks: true })
      for (const name of ['out', 'dev']) mkdirSync(join(root, name))
      spawnSync('mknod', ['-m', '666', join(root, 'dev/zero'), 'c', '1', '5'])
      const { timeMs } = measure(['chroot', root, '/bin/sh', '-c', script], process.env)
      times.push(timeMs)
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/**
 * Prepares a bundle with the runtime's own default specification on the root filesystem of `base`, beside it. Undefined when the
 * runtime cannot start anything here, as crun 1.8 on a hybrid cgroup hierarchy.
 */
export function runtimeStart(runtime: string, base: string): RuntimeStart | undefined {
  const bundle = mkdtempSync(join(dirname(base), 'bundle-'))
  spawnSync(runtime, ['spec'], { cwd: bundle })
  const path = join(bundle, 'config.json')
  const spec: { process: object; root: object } = JSON.parse(readFileSync(path, 'utf8'))
  const process_ = { ...spec.process, terminal: false, args: ['/bin/true'] }
  writeFileSync(path, JSON.stringify({ ...spec, process: process_, root: { path: join(base, 'rootfs') } }))
  const times: number[] = []
  const global = runtime === 'crun' ? ['--cgroup-manager=disabled'] : []
  const command = [runtime, ...global, '--root', join(bundle, 'state'), 'run', '--bundle', bundle, 'longshore-bench']
  if (spawnSync(runtime, command.slice(1)).status !== 0) return undefined
  return {
    runtime,
    times,
    measure: () => {
      times.push(measure(command, process.env).timeMs)
    },
  }
}
