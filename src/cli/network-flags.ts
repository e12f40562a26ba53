/** Flags of `network create`. */
export interface NetworkCreateFlags {
  readonly driver: string
  readonly subnet?: string
  readonly gateway?: string
  readonly internal?: boolean
  readonly label: readonly string[]
}

/** Flags of `network ls`. */
export interface NetworkListFlags {
  readonly quiet?: boolean
  readonly trunc: boolean
  readonly filter: readonly string[]
  readonly format?: string
}
