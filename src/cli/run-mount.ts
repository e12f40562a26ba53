import { ToolError } from '../base/index.ts'
import { findProgram } from '../engine/find-program.ts'
import { enterMounting, mountedImages, mountImage, unmountImages } from '../engine/mount-image.ts'
import { renderTable } from '../report/index.ts'
import { exitCodes } from './exit-codes.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore image mount`: mounts images and prints where, or lists what is mounted. Returns the exit code. */
export async function runMount(images: readonly string[], root: string | undefined): Promise<number> {
  const host = processHost()
  if (images.length === 0) {
    const rows = mountedImages(host, root).map(({ id, path }) => [id.slice('sha256:'.length, 19), path])
    process.stdout.write(renderTable(['IMAGE ID', 'PATH'], rows))
  } else for (const image of images) process.stdout.write(`${(await mountImage(host, root, image)).path}\n`)
  return exitCodes.done
}

/** Runs `longshore image umount`; returns the exit code. */
export function runUnmount(images: readonly string[], all: boolean, root: string | undefined): number {
  if (images.length === 0 && !all)
    throw new ToolError('usage', 'no image is named', { hint: 'name one, or give --all' })
  const ids = unmountImages(processHost(), root, all ? 'all' : images)
  process.stdout.write(ids.map((id) => `${id}\n`).join(''))
  return exitCodes.done
}

/** Runs `longshore unshare`: becomes the command, or a shell, in the namespace where a user's images can be mounted. */
export async function runUnshare(command: readonly string[], root: string | undefined): Promise<number> {
  const host = processHost()
  await enterMounting(host, root)
  const [name = host.env['SHELL'] ?? '/bin/sh', ...args] = command
  const program = name.includes('/') ? name : findProgram(name, host.env['PATH'])
  if (program === undefined || process.execve === undefined)
    throw new ToolError('usage', `there is no program "${name}"`, { hint: 'name one that is on PATH' })
  const env = Object.entries(host.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return process.execve(program, [name, ...args], Object.fromEntries(env))
}
