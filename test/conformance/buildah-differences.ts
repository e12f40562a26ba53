/** Why buildah gives something else than the expectation, by the name of the case; without a reason no case may differ. */
export const buildahDifferences: Readonly<Record<string, string>> = {}
