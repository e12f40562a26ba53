import { errnoCode, errorMessage, ToolError } from '../base/index.ts'

/** The archive breaks the format or asks for something no archive may. */
export function invalidArchive(message: string, cause?: unknown): ToolError {
  return new ToolError('archive-invalid', message, {
    hint: 'the archive is damaged or was made to do harm: make or fetch it again',
    cause,
  })
}

/** The archive goes past a limit that protects the machine (security 12). `hint` says what can be done about it. */
export function archiveTooLarge(
  message: string,
  hint = 'no sound archive goes past this limit: make or fetch it again',
): ToolError {
  return new ToolError('archive-too-large', message, { hint })
}

/** Turns anything thrown while reading or writing files into a `ToolError`; `doing` starts the message, e.g. `cannot unpack "x"`. */
export function translateError(error: unknown, doing: string): ToolError {
  if (error instanceof ToolError) return error
  const message = `${doing}: ${errorMessage(error)}`
  switch (errnoCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new ToolError('no-space', message, {
        hint: 'free some space there, or put the store elsewhere with --root',
        cause: error,
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ToolError('permission-denied', message, {
        hint: 'longshore doctor tells what is missing',
        cause: error,
      })
    case 'EINVAL':
      return new ToolError('system-call-failed', message, {
        hint: 'an owner outside the ids of the user namespace gives this: widen the range in /etc/subuid and /etc/subgid',
        cause: error,
      })
    case 'ENAMETOOLONG':
    case 'ELOOP':
      return invalidArchive(message, error)
    default:
      return new ToolError('system-call-failed', message, {
        hint: 'longshore doctor checks the store and the kernel',
        cause: error,
      })
  }
}
