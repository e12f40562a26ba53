import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { errnoCode, errorMessage, ToolError } from '../base/index.ts'
import { type DeviceRule, openProcess, signalProcess } from '../sys/index.ts'
import type { Cgroup, CgroupFacts, Controller } from './cgroup.ts'
import { type GroupDirectory, openDirectories } from './group-directory.ts'
import { type LimitFile, limitFiles } from './limit-files.ts'
import type { Limits } from './limits.ts'
import { oomKills, readUsage } from './read-usage.ts'
import { restrictDevices } from './restrict-devices.ts'

/**
 * Makes the control group of a container and sets its limits. Limits whose controller is missing are notes, not errors;
 * what the kernel refuses is an error. With `devices`, it opens only the usual devices and those. Throws `ToolError`
 * `limit-unavailable`; nothing is left then.
 */
export function openCgroup(
  id: string,
  limits: Limits,
  facts: CgroupFacts,
  ownPid: number,
  devices?: readonly DeviceRule[],
): Cgroup {
  const { directories, refusals } = openDirectories(facts, id, 'make')
  const group = new ControlGroup(directories, refusals, ownPid)
  try {
    group.notes.push(...group.setLimits(limits, false))
    if (devices !== undefined) group.notes.push(...group.restrictDevices(devices))
    return group
  } catch (error) {
    group.discard()
    throw error
  }
}

/** As `openCgroup`, a group that does nothing but restrict devices to the usual ones. */
export function openDeviceGroup(id: string, { layout, controllers }: CgroupFacts, ownPid: number): Cgroup {
  const none = { kind: 'missing', reason: 'it is not needed' } as const
  const others = { memory: none, cpu: none, cpuacct: none, cpuset: none, pids: none, io: none, freezer: none }
  return openCgroup(id, {}, { layout, controllers: { ...others, devices: controllers.devices } }, ownPid, [])
}

/** The control group of a container that runs, or undefined when it has none. */
export function findCgroup(id: string, facts: CgroupFacts, ownPid: number): Cgroup | undefined {
  const { directories, refusals } = openDirectories(facts, id, 'find')
  return directories.length === 0 ? undefined : new ControlGroup(directories, refusals, ownPid)
}

class ControlGroup implements Cgroup {
  readonly notes: string[] = []
  readonly #directories: readonly GroupDirectory[]
  readonly #refusals: ReadonlyMap<Controller, string>
  readonly #ownPid: number
  #knownOomKills: number

  constructor(directories: readonly GroupDirectory[], refusals: ReadonlyMap<Controller, string>, ownPid: number) {
    this.#directories = directories
    this.#refusals = refusals
    this.#ownPid = ownPid
    this.#knownOomKills = this.#oomKills()
  }

  /** The shell puts itself into each group and becomes the command; what the command starts is born there. */
  enter(command: readonly string[]): readonly string[] {
    if (this.#directories.length === 0) return command
    const files = this.#directories.map(({ fd }) => `/proc/${this.#ownPid}/fd/${fd}/cgroup.procs`)
    const script = 'while [ "$1" != -- ]; do echo 0 >"$1"; shift; done; shift; exec "$@"'
    return ['/bin/sh', '-ec', script, 'cgroup', ...files, '--', ...command]
  }

  update(limits: Limits): void {
    const [problem] = this.setLimits(limits, true)
    if (problem === undefined) return
    throw new ToolError('limit-unavailable', problem, {
      hint: 'run as root, or log in with a systemd user session that controllers are delegated to',
    })
  }

  /** Returns what could not be set for want of a controller. */
  setLimits(limits: Limits, isChange: boolean): readonly string[] {
    const notes = new Set<string>()
    const versionOf = (controller: Controller): 'v1' | 'v2' => this.#with(controller)?.version ?? 'v2'
    const before = Number(this.#with('memory')?.read('memory.limit_in_bytes') ?? 0)
    const grows = isChange && (limits.memoryBytes ?? 0) > before
    for (const file of limitFiles(limits, versionOf, grows)) {
      const directory = this.#with(file.controller)
      if (directory !== undefined) writeLimit(directory, file)
      else notes.add(`${file.flag} has no effect here: ${this.#refusals.get(file.controller)}`)
    }
    return [...notes]
  }

  /** Returns why it could not be done. */
  restrictDevices(devices: readonly DeviceRule[]): readonly string[] {
    const directory = this.#with('devices')
    const reason = directory === undefined ? this.#refusals.get('devices') : restrictDevices(directory, devices)
    return reason === undefined
      ? []
      : [`it may open any device of this machine that it has or makes a node of: ${reason}`]
  }

  usage(): ReturnType<Cgroup['usage']> {
    return readUsage((controller) => this.#with(controller))
  }

  uncounted(): readonly string[] {
    const counted = [
      ['memory', 'memory'],
      ['cpuacct', 'processor time'],
      ['pids', 'processes'],
      ['io', 'disk traffic'],
    ] as const
    return counted.flatMap(([controller, what]) => {
      const reason = this.#refusals.get(controller)
      return reason === undefined ? [] : [`${what}: ${reason}`]
    })
  }

  processes(): readonly number[] {
    const [first] = this.#directories
    const lines = first?.read('cgroup.procs')?.split('\n') ?? []
    return lines.filter((line) => line !== '').map(Number)
  }

  wasOomKilled(): boolean {
    return this.#oomKills() > this.#knownOomKills
  }

  forgetOom(): void {
    this.#knownOomKills = this.#oomKills()
  }

  async freeze(): Promise<boolean> {
    const directory = this.#with('freezer')
    if (directory === undefined) return false
    setFrozen(directory, true)
    while (!isFrozen(directory)) await new Promise((resolve) => setTimeout(resolve, 1))
    return true
  }

  thaw(): void {
    const directory = this.#with('freezer')
    // A group that somebody else has removed has no such file.
    if (directory?.read(freezerFile(directory)) !== undefined) setFrozen(directory, false)
  }

  async remove(): Promise<void> {
    this.thaw()
    const left = new Set(this.#directories)
    // A killed process leaves its groups when its parent or the kernel gets to it.
    for (const deadline = performance.now() + 5000; left.size > 0; ) {
      for (const directory of left) if (directory.remove()) left.delete(directory)
      if (left.size === 0) break
      if (performance.now() > deadline) {
        this.#close()
        throw new ToolError('limit-unavailable', 'processes of the container stay in its control group after SIGKILL')
      }
      this.#kill()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    this.#close()
  }

  /** Removes a group in which nothing ever was. */
  discard(): void {
    for (const directory of this.#directories) directory.remove()
    this.#close()
  }

  #close(): void {
    for (const directory of this.#directories) directory.close()
  }

  #with(controller: Controller): GroupDirectory | undefined {
    return this.#directories.find(({ controllers }) => controllers.includes(controller))
  }

  #oomKills(): number {
    return oomKills(this.#with('memory'))
  }

  #kill(): void {
    for (const pid of this.processes()) {
      try {
        const fd = openProcess(pid)
        signalProcess(fd, constants.signals.SIGKILL)
        closeSync(fd)
      } catch (error) {
        if (errnoCode(error) !== 'ESRCH') throw error
      }
    }
  }
}

function writeLimit(directory: GroupDirectory, { file, value, flag, optional }: LimitFile): void {
  try {
    if (optional === true && directory.read(file) === undefined) return
    directory.write(file, value)
  } catch (error) {
    throw new ToolError('limit-unavailable', `the kernel refuses ${flag}: ${file} = ${value}: ${errorMessage(error)}`, {
      hint: 'give another value; the group above may allow less',
      cause: error,
    })
  }
}

function setFrozen(directory: GroupDirectory, frozen: boolean): void {
  const [yes, no] = directory.version === 'v2' ? ['1', '0'] : ['FROZEN', 'THAWED']
  directory.write(freezerFile(directory), frozen ? yes : no)
}

function freezerFile({ version }: GroupDirectory): string {
  return version === 'v2' ? 'cgroup.freeze' : 'freezer.state'
}

function isFrozen(directory: GroupDirectory): boolean {
  if (directory.version === 'v1') return directory.read('freezer.state')?.trim() !== 'FREEZING'
  return /^frozen 1$/m.test(directory.read('cgroup.events') ?? 'frozen 1')
}
