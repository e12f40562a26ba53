import { CommanderError } from 'commander'
import { exitCodeFor, exitCodes } from './exit-codes.ts'
import { errorText } from './print-error.ts'
import { createProgram } from './program.ts'

/** Runs the command line and returns the exit code. */
async function main(): Promise<number> {
  let exitCode: number = exitCodes.done
  const program = createProgram((code) => {
    exitCode = code
  }, process.argv[2])
  try {
    await program.parseAsync(process.argv)
    return exitCode
  } catch (error) {
    // Commander has printed its message already; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.error
    process.stderr.write(errorText(error))
    return exitCodeFor(error)
  }
}

// Should nothing be left to wait for before the command is done, that is a bug of ours, and no success.
process.exitCode = exitCodes.error
main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(errorText(error))
    process.exitCode = exitCodes.error
  },
)
