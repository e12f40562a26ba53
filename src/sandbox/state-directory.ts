import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as sys from '../sys/index.ts'

/** Names inside a container's entry. `pid` is the first process, as its launch wrote it; `child` is the launch itself. */
export const pidFile = 'pid'
export const childFile = 'child'
/** Arguments of a runtime's command that removes the container, one a line; only for runtimes. */
export const deleteFile = 'delete'
export const lockFile = 'lock'

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
 * Waits until its stdin ends, which is when our process is gone in whatever way, and kills the containers that are
 * still there. Then it removes the directory, unless entries are left for the next sweep.
 */
const wardenScript = `trap '' HUP INT QUIT TERM
while read -r _; do :; done
for entry in "$1"/*/; do
  pid=
  read -r pid _ <"$entry${pidFile}"
  if [ -z "$pid" ]; then
    read -r pid _ <"$entry${childFile}"
    read -r below <"/proc/$pid/task/$pid/children"
    kill -9 $below
  fi
  kill -9 "$pid"
done
rm -f "$1/${lockFile}"
rmdir "$1"
`

/**
 * Makes this process's directory under `parent` (made when missing, 0700), locked for as long as the process lives. The
 * warden, a shell that outlives us by a moment, is started with the first container.
 */
export function openStateDirectory(
  parent: string,
  shell: string,
  env: Readonly<Record<string, string>>,
): StateDirectory {
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  const name = randomBytes(8).toString('hex')
  const fresh = join(parent, `.${name}`)
  mkdirSync(fresh, { mode: 0o700 })
  sys.tryLock(openSync(join(fresh, lockFile), 'wx', 0o600), 'exclusive')
  const path = join(parent, name)
  renameSync(fresh, path)
  let guarded = false
  return {
    enter(id) {
      if (!guarded) startWarden(path, shell, env)
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
  const options = { env, cwd: '/', detached: true, stdio: [readFd, 'ignore', 'ignore'] as const }
  spawn(shell, ['-c', wardenScript, 'warden', path], { ...options, stdio: [...options.stdio] }).unref()
  closeSync(readFd)
}
