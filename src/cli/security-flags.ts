import { statSync } from 'node:fs'
import { ToolError } from '../base/index.ts'
import type { CreateRequest } from '../engine/containers.ts'
import { keyValues } from './collect.ts'
import type { ContainerFlags } from './lifecycle-flags.ts'

/** What a container's processes may do, as the flags say. Throws `ToolError` `usage`. */
export function securitySpec(flags: ContainerFlags): CreateRequest['security'] {
  const options = flags.securityOpt.map(securityOption)
  return {
    privileged: flags.privileged === true,
    capAdd: flags.capAdd.map((name) => capability(name, '--cap-add')),
    capDrop: flags.capDrop.map((name) => capability(name, '--cap-drop')),
    noNewPrivileges: options.includes('no-new-privileges'),
    seccomp: options.includes('seccomp-unconfined') ? 'unconfined' : 'default',
    groupAdd: flags.groupAdd,
    devices: flags.device,
    sysctls: keyValues(flags.sysctl.map(sysctl), {}),
    readonlyRoot: flags.readOnly === true,
    ...namespaceModes(flags),
  }
}

function namespaceModes({ pid, ipc, userns }: ContainerFlags): Pick<CreateRequest['security'], 'pid' | 'ipc'> {
  if (userns !== undefined && userns !== '' && userns !== 'host') {
    throw new ToolError('not-supported', `--userns ${userns} is not supported`, {
      hint: "leave it out: as an ordinary user's, containers are in a user namespace anyway, as root's in none",
    })
  }
  const other = (text: string): `container:${string}` | undefined => {
    const [, name] = /^container:(.+)$/.exec(text) ?? []
    return name === undefined ? undefined : `container:${name}`
  }
  const bad = (flag: string, text: string, words: string): ToolError =>
    new ToolError('usage', `cannot read ${flag} "${text}"`, { hint: `write ${words} or container:NAME` })
  const pidMode = pid === undefined || pid === '' || pid === 'private' ? 'private' : pid === 'host' ? pid : other(pid)
  if (pidMode === undefined) throw bad('--pid', pid ?? '', 'host')
  const known = (['private', 'shareable', 'host'] as const).find((word) => word === (ipc || 'private'))
  const ipcMode = known ?? other(ipc ?? '')
  if (ipcMode === undefined) throw bad('--ipc', ipc ?? '', 'private, shareable, host')
  return { pid: pidMode, ipc: ipcMode }
}

function securityOption(text: string): 'no-new-privileges' | 'seccomp-unconfined' | 'none' {
  if (/^no-new-privileges([:=]true)?$/.test(text)) return 'no-new-privileges'
  if (/^seccomp[:=]unconfined$/.test(text)) return 'seccomp-unconfined'
  if (/^(no-new-privileges[:=]false|seccomp[:=]builtin|(apparmor|label)[:=](unconfined|disable))$/.test(text))
    return 'none'
  throw new ToolError('usage', `cannot read --security-opt "${text}"`, {
    hint: 'write no-new-privileges or seccomp=unconfined',
  })
}

const capabilityPattern =
  /^CAP_(CHOWN|DAC_OVERRIDE|DAC_READ_SEARCH|FOWNER|FSETID|KILL|SETGID|SETUID|SETPCAP|LINUX_IMMUTABLE|NET_BIND_SERVICE|NET_BROADCAST|NET_ADMIN|NET_RAW|IPC_LOCK|IPC_OWNER|SYS_MODULE|SYS_RAWIO|SYS_CHROOT|SYS_PTRACE|SYS_PACCT|SYS_ADMIN|SYS_BOOT|SYS_NICE|SYS_RESOURCE|SYS_TIME|SYS_TTY_CONFIG|MKNOD|LEASE|AUDIT_WRITE|AUDIT_CONTROL|SETFCAP|MAC_OVERRIDE|MAC_ADMIN|SYSLOG|WAKE_ALARM|BLOCK_SUSPEND|AUDIT_READ|PERFMON|BPF|CHECKPOINT_RESTORE)$/

/** `net_admin`, `CAP_NET_ADMIN` and `ALL` as runtimes name them. */
function capability(text: string, flag: string): string {
  const upper = text.toUpperCase()
  if (upper === 'ALL' || upper === 'CAP_ALL') return 'ALL'
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
  if (capabilityPattern.test(name)) return name
  throw new ToolError('usage', `there is no capability "${text}" for ${flag}`, {
    hint: 'for example NET_ADMIN, or ALL',
  })
}

function sysctl(text: string): string {
  if (
    /^(net\.[\w./-]+|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\.\w+)=/.test(
      text,
    )
  ) {
    return text
  }
  throw new ToolError('usage', `--sysctl "${text}" is not one of a container's own`, {
    hint: 'those of net., of message queues and of shared memory are; write NAME=VALUE',
  })
}

/** Devices are shown by binding them: what a process may do with one, its owner and mode say. */
export function deviceMounts(devices: readonly string[]): CreateRequest['mounts'] {
  return devices.map((text) => {
    const [source = '', second, third] = text.split(':')
    const isMode = second !== undefined && /^[rwm]{1,3}$/.test(second)
    const target = second === undefined || isMode ? source : second
    if (!target.startsWith('/dev/') || (third !== undefined && !/^[rwm]{1,3}$/.test(third))) {
      throw new ToolError('usage', `cannot read --device "${text}"`, { hint: 'for example --device /dev/fuse' })
    }
    const stat = statSync(source, { throwIfNoEntry: false })
    if (stat === undefined || !(stat.isCharacterDevice() || stat.isBlockDevice())) {
      throw new ToolError('usage', `"${source}" is no device of this machine`, { hint: 'check the path' })
    }
    return { kind: 'bind', source, target, readonly: false }
  })
}
