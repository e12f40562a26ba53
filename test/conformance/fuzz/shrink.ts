import type { FuzzCase } from './fuzz-case.ts'

/** Whether a case still shows what is looked for. */
export type Shows = (each: FuzzCase) => Promise<boolean>

/** Attempts cost two builds each. */
const mostAttempts = 70

/** Takes away units, lines, files and characters, one after the other, as long as `shows` holds; one way through, not the optimum. */
export async function shrink(found: FuzzCase, shows: Shows): Promise<FuzzCase> {
  let smallest = found
  let attempts = 0
  const tryOut = async (smaller: FuzzCase): Promise<boolean> => {
    if (attempts === mostAttempts) return false
    attempts++
    if (!(await shows(smaller))) return false
    smallest = smaller
    return true
  }
  await withoutUnits(smallest, tryOut)
  for (let index = smallest.units.length - 1; index >= 0; index--) {
    await withoutItems(smallest.units[index] ?? [], 1, (lines) =>
      tryOut({ ...smallest, units: smallest.units.with(index, lines) }),
    )
  }
  await withoutItems(smallest.entries, 0, (entries) => tryOut({ ...smallest, entries }))
  if (smallest.lineEnd !== '\n') await tryOut({ ...smallest, lineEnd: '\n' })
  if (Object.keys(smallest.buildArgs).length > 0) await tryOut({ ...smallest, buildArgs: {} })
  await withoutItems(smallest.head, 1, (head) => tryOut({ ...smallest, head }))
  for (const [index, unit] of smallest.units.entries()) {
    for (const [at, line] of unit.entries()) {
      await shortenLine(line, (shorter) => {
        const lines = (smallest.units[index] ?? []).with(at, shorter)
        return tryOut({ ...smallest, units: smallest.units.with(index, lines) })
      })
    }
  }
  return smallest
}

/** Mostly one unit is enough to show it. */
async function withoutUnits(each: FuzzCase, tryOut: Shows): Promise<void> {
  for (const unit of each.units) if (each.units.length > 1 && (await tryOut({ ...each, units: [unit] }))) return
  await withoutItems(each.units, 1, (units) => tryOut({ ...each, units }))
}

async function withoutItems<T>(
  items: readonly T[],
  least: number,
  tryOut: (fewer: readonly T[]) => Promise<boolean>,
): Promise<void> {
  let left = items
  for (let at = items.length - 1; at >= 0 && left.length > least; at--) {
    const fewer = left.toSpliced(at, 1)
    if (await tryOut(fewer)) left = fewer
  }
}

async function shortenLine(line: string, tryOut: (shorter: string) => Promise<boolean>): Promise<void> {
  let left = line
  const keyword = /^\s*\S+/.exec(line)?.[0].length ?? 0
  for (const length of [8, 3, 1]) {
    for (let at = left.length - length; at > keyword; at -= length) {
      const shorter = left.slice(0, at) + left.slice(at + length)
      if (await tryOut(shorter)) left = shorter
    }
  }
}
