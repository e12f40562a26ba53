import type { Isolation, OverlayXattrs } from '../ports/index.ts'

/** What a supervisor is told on its command line. */
export interface SupervisorSettings {
  /** Directory of the store. */
  readonly root: string
  readonly id: string
  /** The supervisor's own process. */
  readonly pid: number
  readonly overlay: OverlayXattrs
  readonly inUserNamespace: boolean
  readonly isolation?: Isolation
}
