import { errnoCode, errorMessage, ToolError } from './tool-error.ts'

/** Runs `action`, turning file-system errors into `ToolError` with a hint: `no-space`, `permission-denied`, else `store-failed`. */
export function storeAction<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof ToolError) throw error
    throw storeError(what, error)
  }
}

/** The `ToolError` for a file-system error met while doing `what`. */
export function storeError(what: string, error: unknown): ToolError {
  const code = errnoCode(error)
  const message = `cannot ${what}: ${errorMessage(error)}`
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ToolError('no-space', message, {
      hint: 'free some disk space, or put the store on a larger disk with --root DIR or LONGSHORE_ROOT',
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new ToolError('permission-denied', message, {
      hint: 'choose a store that you may write with --root DIR or LONGSHORE_ROOT',
      cause: error,
    })
  }
  return new ToolError('store-failed', message, {
    hint: 'look at what is at that path, or choose another place with --root DIR or LONGSHORE_ROOT',
    cause: error,
  })
}
