import { existsSync, statSync } from 'node:fs'
import type { SandboxRequest } from '../ports/index.ts'
import { maskedPaths, readonlyPaths } from './hidden-paths.ts'
import { escapeField } from './mount-table.ts'

/**
 * What runs, as root of the new namespaces, between unshare(1) and the program that gives the privileges away.
 * Arguments: root, fstab, host name, network, pid file, mount, umount, hostname, tool paths, then a file that sets the
 * command to become as arguments.
 *
 * - Descriptors 2 and 3 are the status pipe, which takes the tools' complaints; the command's own stderr waits on 4.
 * - /proc is still the host's, so its /proc/self/stat tells which process this is there.
 * - Other containers' overlays came along with the copied mount table; held here, they would stay mounted for good.
 *   The kernel writes blanks in mountinfo as three octal digits.
 * - /sys/class/net/lo/flags is ifconfig for those who have none: 1 is IFF_UP.
 * - `-n` keeps mount(8) from noting our mounts in the host's /run/mount/utab.
 * - After `mount --move . /` the root filesystem lies over the host's at the top of the tree: `..` from anywhere ends
 *   in it, as after switch_root(8), so CAP_SYS_CHROOT finds no way out. Our own root directory is still the host's,
 *   so that the last tools are found.
 */
export const stageScript = `set -euf
umask 022
root=$1 fstab=$2 host=$3 network=$4 record=$5 mount=$6 umount=$7 hostname=$8 tools=$9
shift 9
read -r self </proc/self/stat
echo "$self" >"$record"
stale=
while read -r _ _ _ _ where rest; do
  case $rest in *' - overlay '*) ;; *) continue ;; esac
  plain=
  while [ "$where" != "\${where#*\\\\}" ]; do
    tail=\${where#*\\\\???} code=\${where#*\\\\}
    plain="$plain\${where%%\\\\*}$(printf "\\\\\${code%"$tail"}")"
    where=$tail
  done
  where=$plain$where
  case $where in / | "$root" | "$root"/*) continue ;; esac
  case $root:$tools in *"$where/"*) continue ;; esac
  stale="$where
$stale"
done </proc/self/mountinfo
IFS='
'
if [ -n "$stale" ]; then "$umount" -n -l $stale 2>/dev/null || :; fi
"$mount" -n -a -T "$fstab"
if [ "$network" = none ]; then echo 1 >/sys/class/net/lo/flags; fi
. "$1"
{ echo "$host" >/proc/sys/kernel/hostname; } 2>/dev/null || { [ -n "$hostname" ] && "$hostname" "$host"; } || :
cd "$root"
"$mount" -n --move . /
exec "$@"
`

/** The same with a root filesystem that cannot be written to; what is mounted in it can. */
export const readonlyStageScript = stageScript.replace(
  'cd "$root"\n',
  '"$mount" -n -o remount,bind,ro "$root"\ncd "$root"\n',
)

/**
 * fstab(5) of the mounts that only a process inside the new namespaces can make: /proc, message queues, /sys, and
 * what hides parts of them. One mount(8) does them all. Without network, /sys is that of the new network namespace,
 * and a writable one covers the host's so that the script can raise the loopback device.
 */
export function stageFstab(
  root: string,
  request: Pick<SandboxRequest, 'network' | 'terminal' | 'privileged' | 'pidNamespace' | 'ipcNamespace'>,
  inUserNamespace = false,
): string {
  const { network, terminal, privileged, pidNamespace, ipcNamespace } = request
  const lines: string[] = []
  const add = (source: string, target: string, type: string, options: string): void => {
    lines.push(`${source} ${escapeField(target)} ${type} ${options} 0 0`)
  }
  // In a user namespace the kernel gives neither of namespaces that are not the user's.
  if (inUserNamespace && pidNamespace?.kind === 'host') add('/proc', `${root}/proc`, 'none', 'rbind')
  else add('proc', `${root}/proc`, 'proc', 'nosuid,nodev,noexec')
  if (inUserNamespace && ipcNamespace?.kind === 'host') {
    // Some machines have none.
    if (existsSync('/dev/mqueue')) add('/dev/mqueue', `${root}/dev/mqueue`, 'none', 'rbind')
  } else add('mqueue', `${root}/dev/mqueue`, 'mqueue', 'nosuid,nodev,noexec')
  // The first one of the container's own devpts, which script(1) has opened by then.
  if (terminal) add(escapeField(`${root}/dev/pts/0`), `${root}/dev/console`, 'none', 'bind')
  // Not called sysfs: mount(8) would find that mounted already, and skip it.
  if (network === 'none') add('loopback', '/sys', 'sysfs', 'nosuid,nodev,noexec')
  if (network !== 'host') {
    add('sysfs', `${root}/sys`, 'sysfs', privileged === true ? 'nosuid,nodev,noexec' : 'ro,nosuid,nodev,noexec')
  }
  for (const path of privileged === true ? [] : maskedPaths) {
    if (!existsSync(path)) continue
    if (statSync(path).isDirectory()) add('tmpfs', root + path, 'tmpfs', 'ro,size=0k')
    else add('/dev/null', root + path, 'none', 'bind')
  }
  for (const path of privileged === true ? [] : readonlyPaths) {
    if (existsSync(path)) add(escapeField(root + path), root + path, 'none', 'bind,ro')
  }
  return `${lines.join('\n')}\n`
}

/**
 * What runs, as root of the joined namespaces, before a further process. Arguments: the container's root directory, pid file,
 * a file that sets the command to become as arguments. /proc is still the host's.
 */
export const execScript = `set -euf
umask 022
root=$1 record=$2
read -r self </proc/self/stat
echo "$self" >"$record"
. "$3"
cd "$root"
exec "$@"
`
