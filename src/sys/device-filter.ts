import { closeSync } from 'node:fs'
import { arch } from 'node:os'
import koffi from 'koffi'
import { check, declare } from './ffi.ts'

/** Devices that a control group lets its processes use. */
export interface DeviceRule {
  readonly kind: 'char' | 'block'
  readonly major: number
  /** Absent for all of the major. */
  readonly minor?: number
  readonly read: boolean
  readonly write: boolean
}

koffi.struct('longshore_bpf_load', {
  ...{ prog_type: 'uint32_t', insn_cnt: 'uint32_t', insns: 'const uint8_t *', license: 'const char *' },
  ...{
    log_level: 'uint32_t',
    log_size: 'uint32_t',
    log_buf: 'uint64_t',
    kern_version: 'uint32_t',
    prog_flags: 'uint32_t',
  },
})
const loadCall = declare('long syscall(long, int, longshore_bpf_load *, unsigned int)')
const attachCall = declare('long syscall(long, int, const void*, unsigned int)')

/** bpf(2); <linux/bpf.h>. */
const SYS_BPF = arch() === 'x64' ? 321 : 280
const BPF_PROG_LOAD = 5
const BPF_PROG_ATTACH = 8
const BPF_PROG_TYPE_CGROUP_DEVICE = 15
const BPF_CGROUP_DEVICE = 6
const BPF_F_ALLOW_MULTI = 2
const loadSize = 48

/**
 * Lets the processes of the control group (version 2) behind descriptor `groupFd` open only devices that a rule allows; nodes of any
 * device may be made. Throws `SystemCallError` (`EPERM` without CAP_SYS_ADMIN of the machine).
 */
export function filterDevices(groupFd: number, rules: readonly DeviceRule[]): void {
  const insns = deviceProgram(rules)
  const load = {
    ...{ prog_type: BPF_PROG_TYPE_CGROUP_DEVICE, insn_cnt: insns.length / 8, insns, license: 'Apache-2.0' },
    ...{ log_level: 0, log_size: 0, log_buf: 0, kern_version: 0, prog_flags: 0 },
  }
  const program = check(loadCall(SYS_BPF, BPF_PROG_LOAD, load, loadSize), 'bpf')
  try {
    const attach = Buffer.alloc(16)
    for (const [at, value] of [groupFd, program, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI].entries()) {
      attach.writeUInt32LE(value, at * 4)
    }
    check(attachCall(SYS_BPF, BPF_PROG_ATTACH, attach, attach.length), 'bpf')
  } finally {
    closeSync(program)
  }
}

/** Bits of bpf_cgroup_dev_ctx.access_type, the access in the upper half. */
const access = { mknod: 1, read: 2, write: 4 }
const types = { block: 1, char: 2 }

/** The filter: registers 2 to 5 are type, access, major and minor; each rule ends with "yes", or goes on to the next. */
export function deviceProgram(rules: readonly DeviceRule[]): Buffer {
  const yes = [instruction(0xb7, 0, 0, 0, 1), instruction(0x95, 0, 0, 0, 0)]
  const unless = (op: number, register: number, value: number, over: number): Buffer =>
    instruction(op, register, 0, over, value)
  const [jumpIfNotEqual, jumpIfAnyBit] = [0x55, 0x45]
  const rule = ({ kind, major, minor, read, write }: DeviceRule): readonly Buffer[] => {
    const refused = (read ? 0 : access.read) | (write ? 0 : access.write)
    const tests: (readonly [op: number, register: number, value: number])[] = [
      [jumpIfNotEqual, 2, types[kind]],
      [jumpIfNotEqual, 4, major],
      ...(minor === undefined ? [] : [[jumpIfNotEqual, 5, minor] as const]),
      ...(refused === 0 ? [] : [[jumpIfAnyBit, 3, refused] as const]),
    ]
    return [...tests.map(([op, register, value], at) => unless(op, register, value, tests.length - at + 1)), ...yes]
  }
  return Buffer.concat([
    instruction(0x61, 2, 1, 0, 0),
    instruction(0xbf, 3, 2, 0, 0),
    instruction(0x57, 2, 0, 0, 0xffff),
    instruction(0x77, 3, 0, 0, 16),
    instruction(0x61, 4, 1, 4, 0),
    instruction(0x61, 5, 1, 8, 0),
    unless(jumpIfNotEqual, 3, access.mknod, 2),
    ...yes,
    ...rules.flatMap(rule),
    instruction(0xb7, 0, 0, 0, 0),
    instruction(0x95, 0, 0, 0, 0),
  ])
}

/** struct bpf_insn. */
function instruction(op: number, target: number, source: number, offset: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt8(op, 0)
  bytes.writeUInt8(target | (source << 4), 1)
  bytes.writeInt16LE(offset, 2)
  bytes.writeInt32LE(value, 4)
  return bytes
}
