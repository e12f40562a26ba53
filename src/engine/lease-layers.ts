import { ToolError } from '../base/index.ts'
import type { Layer } from '../ports/index.ts'
import type { Store } from '../store/index.ts'
import type { Session } from '../store/session.ts'

/** Keeps layers in the store while the session is open. Throws `ToolError` `store-failed` when one is gone already. */
export function leaseLayers(store: Store, session: Session, layers: readonly Layer[]): void {
  session.lease(layers.map((layer) => store.layers.name(layer.diffId)))
  requireLayers(store, layers)
}

/** Throws `ToolError` `store-failed` when a layer that was there was removed meanwhile. */
export function requireLayers(store: Store, layers: readonly Layer[]): void {
  const gone = layers.find((layer) => !store.layers.isPresent(layer.diffId))
  if (gone !== undefined) throw removedMeanwhile(`the layer ${gone.diffId}`)
}

/** The error for something of the store that was there a moment ago. */
export function removedMeanwhile(what: string): ToolError {
  return new ToolError('store-failed', `${what} was removed by another command while it was needed`, {
    hint: 'run the command again; what is missing is made or fetched anew',
    details: { removedMeanwhile: true },
  })
}

/** Whether an error is one of `removedMeanwhile`. */
export function isRemovedMeanwhile(error: unknown): boolean {
  return error instanceof ToolError && error.details['removedMeanwhile'] === true
}
