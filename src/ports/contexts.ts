import type { FileSelection } from '../base/index.ts'

export type { FileSelection, MissingSource } from '../base/index.ts'

/** What a COPY from the build context takes, and its identity. */
export type ContextSelection = FileSelection
