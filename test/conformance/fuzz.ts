/**
 * Builds random Dockerfiles with the BuildKit of Debian's docker.io and with Longshore and prints what comes out otherwise; run
 * by hand as root: `node_modules/.bin/node test/conformance/fuzz.ts [--area text|copy|ignore] [--seed N] [--count N]`
 * (after `npm run bundle`). The same seed gives the same cases. A difference is made smaller before it is printed; those with a
 * reason in fuzz/known-differences.ts are counted only. Exit code 1 when one has none.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startOracle, stopOracle } from './docker-daemon.ts'
import { type Builder, dockerBuilder, longshoreBuilder } from './fuzz/builders.ts'
import { type Comparison, compare } from './fuzz/compare.ts'
import { copyCase } from './fuzz/copy-lines.ts'
import { type Area, dockerfileText, type FuzzCase, failingLine, unitOfLine } from './fuzz/fuzz-case.ts'
import { ignoreCase } from './fuzz/ignore-lines.ts'
import { knownDifference } from './fuzz/known-differences.ts'
import { Random } from './fuzz/random.ts'
import { shrink } from './fuzz/shrink.ts'
import { textCase } from './fuzz/text-lines.ts'

const makers = { text: textCase, copy: copyCase, ignore: ignoreCase } as const

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      area: { type: 'string', default: 'text' },
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '100' },
      size: { type: 'string', default: '6' },
    },
  })
  const { area } = values
  if (area !== 'text' && area !== 'copy' && area !== 'ignore') throw new Error(`unknown area ${area}`)
  const home = mkdtempSync(join(tmpdir(), 'longshore-fuzz-'))
  const oracle = await startOracle()
  try {
    const campaign = new Campaign(area, dockerBuilder(oracle), longshoreBuilder(home))
    const [first, count] = [Number(values.seed), Number(values.count)]
    // Each case has a seed of its own, so that one can be had again alone.
    const seeds = Array.from({ length: count }, (_, index) => first + index)
    // The daemon must not stay behind: an interrupted run ends with the cases under way.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => seeds.splice(0))
    const worker = async (): Promise<void> => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        await campaign.run(seed, Number(values.size))
        process.stderr.write(`${seeds.length} to go: ${campaign.summary()}\n`)
      }
    }
    await Promise.all([worker(), worker()])
    console.log(campaign.summary())
    return campaign.differing === 0 ? 0 : 1
  } finally {
    await stopOracle(oracle)
    if (existsSync(home)) rmSync(home, { recursive: true, force: true })
  }
}

class Campaign {
  readonly #area: Area
  readonly #theirs: Builder
  readonly #ours: Builder
  readonly #seen = new Set<string>()
  readonly #counts = { same: 0, refused: 0, known: 0 }
  differing = 0

  constructor(area: Area, theirs: Builder, ours: Builder) {
    this.#area = area
    this.#theirs = theirs
    this.#ours = ours
  }

  /**
   * What Longshore refuses is taken out first, so that one build by each shows the rest; now and then BuildKit is asked
   * whether it refuses that too.
   */
  async run(seed: number, size: number): Promise<void> {
    const whole = makers[this.#area](new Random(seed), size)
    let left = whole
    for (;;) {
      const outcome = await this.#ours(left, this.#area)
      const line = outcome.kind === 'failed' ? failingLine(outcome.output) : undefined
      const at = line === undefined ? -1 : unitOfLine(left, this.#area, line)
      if (at < 0) break
      const unit = left.units[at] ?? []
      if (seed % 3 === 0) await this.#split({ ...whole, units: [unit] }, seed)
      else this.#counts.refused++
      left = { ...left, units: left.units.toSpliced(at, 1) }
      if (left.units.length === 0) return
    }
    await this.#split(left, seed)
  }

  summary(): string {
    const { same, refused, known } = this.#counts
    return `${same} built alike, ${refused} refused, ${known} known differences, ${this.differing} differ`
  }

  /** Where both refuse the whole, its parts may still differ. */
  async #split(each: FuzzCase, seed: number): Promise<void> {
    const found = await this.#compare(each)
    if (found.kind === 'same') this.#counts.same++
    else if (found.kind === 'differs') await this.#report(each, found, seed)
    else if (each.units.length === 1) this.#counts.refused++
    else {
      const half = each.units.length >> 1
      await this.#split({ ...each, units: each.units.slice(0, half) }, seed)
      await this.#split({ ...each, units: each.units.slice(half) }, seed)
    }
  }

  #isKnown(each: FuzzCase, difference: Comparison): boolean {
    return difference.kind === 'differs' && knownDifference(each, this.#area, difference.refusing) !== undefined
  }

  async #compare(each: FuzzCase): Promise<Comparison> {
    const [theirs, ours] = await Promise.all([this.#theirs(each, this.#area), this.#ours(each, this.#area)])
    return compare(theirs, ours)
  }

  async #report(found: FuzzCase, difference: Comparison, seed: number): Promise<void> {
    // Another difference may stand beside one with a reason.
    if (this.#isKnown(found, difference) && found.units.length === 1) {
      this.#counts.known++
      return
    }
    if (this.#isKnown(found, difference)) {
      for (const unit of found.units) await this.#split({ ...found, units: [unit] }, seed)
      return
    }
    const smallest = await shrink(found, async (each) => {
      const comparison = await this.#compare(each)
      return comparison.kind === 'differs' && !this.#isKnown(each, comparison)
    })
    const text = dockerfileText(smallest, this.#area)
    if (this.#seen.has(text)) return
    this.#seen.add(text)
    this.differing++
    const comparison = await this.#compare(smallest)
    const lines = comparison.kind === 'differs' ? comparison.lines : []
    const flags = Object.keys(smallest.buildArgs).length === 0 ? '' : ` ${JSON.stringify(smallest.buildArgs)}`
    console.log(
      [
        `--- seed ${seed}${flags}`,
        JSON.stringify(text),
        text.trimEnd(),
        ...smallest.entries.map((entry) => `  ${JSON.stringify(entry)}`),
        ...lines,
      ].join('\n'),
    )
  }
}

process.exitCode = await main()
