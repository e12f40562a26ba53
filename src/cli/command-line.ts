import { CommanderError } from 'commander'
import { exitCodeFor, exitCodes } from './exit-codes.ts'
import { errorText } from './print-error.ts'
import { createProgram } from './program.ts'

/** Runs a command line, given as `process.argv` has it, and returns the exit code. What goes wrong is told on stderr. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.done
  try {
    const program = createProgram((code) => {
      exitCode = code
    }, argv[2])
    await program.parseAsync(argv)
    return exitCode
  } catch (error) {
    // Commander has printed its message already; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.error
    process.stderr.write(errorText(error))
    return exitCodeFor(error)
  }
}
