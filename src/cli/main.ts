import { runCommandLine } from './command-line.ts'
import { exitCodes } from './exit-codes.ts'
import { errorText } from './print-error.ts'

// Should nothing be left to wait for before the command is done, that is a bug of ours, and no success.
process.exitCode = exitCodes.error
runCommandLine(process.argv).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(errorText(error))
    process.exitCode = exitCodes.error
  },
)
