/** What a step can tell of the machine it runs on, made different. */
export interface OtherSurroundings {
  readonly hostname: string
  /** `K=V`, for names that the step's own environment does not have. */
  readonly env: readonly string[]
  readonly umask: number
  /** Number of the second process in the container. */
  readonly nextPid: number
}

/** What `--verify` gives the second build. The umask gives files one mode bit more (see `CompareOptions.spareMode`). */
export const otherSurroundings: OtherSurroundings = {
  hostname: 'another-machine',
  // Fourteen hours ahead, said in a way that needs no time zone files.
  env: ['LANG=et_EE.UTF-8', 'TZ=<+14>-14'],
  umask: 0o002,
  nextPid: 4000,
}

/** The mode bit that the other umask leaves. */
export const spareMode = 0o020

/** An environment with what it lacks of `more`. */
export function withMissing(env: readonly string[], more: readonly string[]): readonly string[] {
  const names = new Set(env.map(nameOf))
  return [...env, ...more.filter((pair) => !names.has(nameOf(pair)))]
}

function nameOf(pair: string): string {
  return pair.slice(0, pair.indexOf('='))
}
