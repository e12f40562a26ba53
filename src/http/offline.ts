import { ToolError } from '../base/index.ts'
import type { Transport } from './http.ts'

/** The transport of a command that must not use the network: sends nothing, and says what would have been asked. */
export function offlineTransport(): Transport {
  return {
    send: ({ url }) => Promise.reject(offlineError(`${url.origin}${url.pathname}`)),
    close: () => Promise.resolve(),
  }
}

/** The error for something that only the network could bring. `what` names it, and where it would come from. */
export function offlineError(what: string): ToolError {
  return new ToolError('offline', `--offline forbids the network, but this is needed from it: ${what}`, {
    hint: 'build once without --offline; what was fetched stays in the store',
    details: { needed: what },
  })
}
