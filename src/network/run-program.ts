import { spawnSync } from 'node:child_process'
import { ToolError } from '../base/index.ts'

/** What became of a program of the machine. */
export interface ProgramResult {
  readonly succeeded: boolean
  readonly stdout: string
  /** What it said when it failed, in one line. */
  readonly complaint: string
}

/** Runs a program of the machine, with nothing of our environment but PATH. */
export function tryProgram(program: string | undefined, args: readonly string[], input = ''): ProgramResult {
  if (program === undefined) return { succeeded: false, stdout: '', complaint: 'the program is not installed' }
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    cwd: '/',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  })
  const said = error === undefined ? stderr.trim().split('\n').slice(0, 3).join('; ') : String(error)
  return { succeeded: status === 0, stdout: stdout ?? '', complaint: said || `it ended with ${status}` }
}

/** As `tryProgram`, but throws `ToolError` `network-failed` that begins with `what` could not be done. */
export function runProgram(what: string, program: string | undefined, args: readonly string[], input = ''): string {
  const result = tryProgram(program, args, input)
  if (result.succeeded) return result.stdout
  const name = program?.slice(program.lastIndexOf('/') + 1) ?? ''
  throw new ToolError('network-failed', `cannot ${what}: ${name}: ${result.complaint}`)
}
