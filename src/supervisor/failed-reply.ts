import { errorMessage, ToolError } from '../base/index.ts'
import type { ControlReply } from '../container/index.ts'

/** What is told of an error; one of ours is told as it is. */
export function failedReply(error: unknown): Extract<ControlReply, { readonly kind: 'failed' }> {
  if (!(error instanceof ToolError)) {
    return { kind: 'failed', code: 'container-failed', message: errorMessage(error) }
  }
  return {
    ...{ kind: 'failed', code: error.code, message: error.message },
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  }
}
