/** The moment a build is dated to, instead of the one at which it ran. */
export interface Epoch {
  /** Whole seconds since 1970; at most the year 9999. */
  readonly seconds: number
  /**
   * What happens to the times of files in new layers: `lowered` when they are later, as BuildKit's rewrite-timestamp has
   * it; or all `set`, so that a layer is a function of its content alone. Absent: nothing.
   */
  readonly files?: 'lowered' | 'set'
}

/** Variable and build argument by which a build is dated (reproducible-builds.org/specs/source-date-epoch). */
export const epochArgument = 'SOURCE_DATE_EPOCH'

/** What an epoch adds to the key of every step; undefined when it touches no layer. */
export function epochComponent({ seconds, files }: Epoch): string | undefined {
  return files === undefined ? undefined : `${files} to ${seconds}`
}

/** RFC 3339 without fraction, as BuildKit writes an epoch into a config. */
export function epochText({ seconds }: Epoch): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}
