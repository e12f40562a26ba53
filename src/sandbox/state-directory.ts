import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as sys from '../sys/index.ts'

/** Id of the container's first process, as its launch writes it: alone by a runtime, as the /proc/PID/stat line by builtin. */
export const pidFile = 'pid'
/** The /proc/PID/stat line of the launch itself. */
export const childFile = 'child'
/** Arguments of the runtime's command that removes the container, one a line; only for runtimes. */
export const deleteFile = 'delete'

/** The running containers of this process, on disk for whoever has to end them when it cannot. */
export interface StateDirectory {
  /** Makes the entry of a new container. */
  enter(id: string): StateEntry
}

export interface StateEntry {
  readonly path: string
  /** Notes the process that runs the container. */
  record(pid: number): void
  remove(): void
}

/**
 * Waits until its stdin ends, which is when our process is gone in whatever way, and ends the containers that are
 * still there: the first process is the child of the launch, which cleans up after it. The builtin launch dies with us,
 * so its first process is known by its own stat line. The start time (field 22) tells a process from a later one of
 * the same number. Entries are left for the next sweep.
 */
const wardenScript = `trap '' HUP INT QUIT TERM
start() { shift 21; started=$1; }
alive() {
  read -r noted <"$1" || return 1
  pid=\${noted%% *}
  read -r now <"/proc/$pid/stat" || return 1
  start $noted; then=$started
  start $now
  [ "$then" = "$started" ]
}
while read -r _; do :; done
for entry in "$1"/*/; do
  if alive "\${entry}${pidFile}"; then kill -9 "$pid"; fi
  alive "\${entry}${childFile}" || continue
  for thread in "/proc/$pid/task"/*; do
    read -r below <"$thread/children"
    [ -z "$below" ] || kill -9 $below
  done
  [ -s "\${entry}${pidFile}" ] || kill -9 "$pid"
done
`

/**
 * Opens `path` (made when missing, 0700) for the containers of this process. The warden, a shell that outlives us by a
 * moment, is started with the first container; without a shell on the machine, only the next sweep ends what is left.
 */
export function openStateDirectory(
  path: string,
  shell: string | undefined,
  env: Readonly<Record<string, string>>,
): StateDirectory {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  let guarded = shell === undefined
  return {
    enter(id) {
      if (!guarded && shell !== undefined) startWarden(path, shell, env)
      guarded = true
      return enter(join(path, id))
    },
  }
}

function enter(path: string): StateEntry {
  mkdirSync(path, { mode: 0o700 })
  return {
    path,
    record: (pid) => writeFileSync(join(path, childFile), readFileSync(`/proc/${pid}/stat`)),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Our end of its stdin is a bare descriptor that nobody closes but the kernel. */
function startWarden(path: string, shell: string, env: Readonly<Record<string, string>>): void {
  const { readFd } = sys.makePipe()
  spawn(shell, ['-c', wardenScript, 'warden', path], {
    env,
    cwd: '/',
    detached: true,
    stdio: [readFd, 'ignore', 'ignore'],
  }).unref()
  closeSync(readFd)
}
