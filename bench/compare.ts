/**
 * Measures Longshore beside Debian's docker.io (BuildKit) and buildah: every scenario by each builder in turn, round by
 * round, and prints medians and the ratio to the better of the two. Needs root, and the Debian packages docker.io,
 * buildah, runc, busybox-static and time. Usage: node bench/compare.ts [rounds] [size] [only], where size scales the
 * number of files and bytes (default 1) and only is a part of the names of the scenarios wanted.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Builder, buildah, buildkit, longshore, type Measured } from './builders.ts'
import { bareRun, type RuntimeStart, runtimeStart } from './runtime-start.ts'
import { baseImage, prepareBase, type Scenario, scenarios } from './scenarios.ts'

const rounds = Number(process.argv[2] ?? 5)
const size = Number(process.argv[3] ?? 1)
const wanted = scenarios.filter(({ name }) => name.includes(process.argv[4] ?? ''))
const home = mkdtempSync(join(tmpdir(), 'longshore-bench-'))

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Times of each builder, by its name; the builders take turns, and another one begins each round. */
function run(scenario: Scenario, builders: readonly Builder[], each: () => void): Map<string, Measured[]> {
  const times = new Map<string, Measured[]>(builders.map(({ name }) => [name, []]))
  const directory = join(home, 'context')
  for (let round = 0; round <= rounds; round++) {
    if (round === 0) makeContext(scenario, directory)
    scenario.change?.(directory, round)
    for (let turn = 0; turn < builders.length; turn++) {
      const builder = builders[(round + turn) % builders.length]
      if (builder === undefined) continue
      const place = scenario.cold === true ? coldCopy(directory, `${round}-${builder.name}`) : directory
      const measured = builder.build(place, 'bench', scenario.parallel)
      // The first build is what the others are measured against: it fills stores and the page cache.
      if (round > 0) times.get(builder.name)?.push(measured)
      if (place !== directory) rmSync(place, { recursive: true })
    }
    if (round > 0) each()
  }
  rmSync(directory, { recursive: true })
  return times
}

function makeContext(scenario: Scenario, directory: string): void {
  mkdirSync(directory)
  scenario.prepare(directory, size)
}

function coldCopy(directory: string, name: string): string {
  const place = join(home, `cold-${name}`)
  cpSync(directory, place, { recursive: true })
  return place
}

function report(name: string, times: ReadonlyMap<string, readonly Measured[]>, builders: readonly Builder[]): void {
  const ms = (builder: string): number => median((times.get(builder) ?? []).map(({ timeMs }) => timeMs))
  const [own, ...others] = builders.map((builder) => ms(builder.name))
  const peak = Math.max(...(times.get('longshore') ?? []).map(({ peakKb }) => peakKb)) / 1024
  const ratio = (own ?? Number.NaN) / Math.min(...others)
  const cells = [own ?? Number.NaN, ...others].map((value) => value.toFixed(0).padStart(10))
  console.log(`${name.padEnd(28)}${cells.join('')}${ratio.toFixed(2).padStart(8)}${peak.toFixed(0).padStart(10)}`)
}

function reportBare(
  bare: readonly number[],
  times: ReadonlyMap<string, readonly Measured[]>,
  builders: readonly Builder[],
): void {
  const own = median(bare)
  const rest = builders.map(({ name }) => median((times.get(name) ?? []).map(({ timeMs }) => timeMs)) - own)
  console.log(`  its command alone ${own.toFixed(0)} ms; beyond it: ${rest.map((ms) => ms.toFixed(0)).join(', ')}`)
}

function reportRuns(times: ReadonlyMap<string, readonly Measured[]>, starts: readonly RuntimeStart[]): void {
  const build = median((times.get('longshore') ?? []).map(({ timeMs }) => timeMs)) / 20
  for (const { runtime, times } of starts) {
    const bare = median(times)
    const ratio = (build / bare).toFixed(2)
    console.log(`  one trivial RUN ${build.toFixed(0)} ms, ${runtime} alone ${bare.toFixed(0)} ms: ${ratio}`)
  }
}

const builders: Builder[] = []
try {
  builders.push(longshore(home), await buildkit(), buildah(home))
  const base = join(home, 'base')
  mkdirSync(base)
  prepareBase(base)
  for (const builder of builders) builder.build(base, baseImage)
  console.log(`medians of ${rounds} rounds in ms; ratio to the better of the others; peak MB of longshore`)
  console.log(`${''.padEnd(28)}${builders.map(({ name }) => name.padStart(10)).join('')}   ratio   peak MB`)
  for (const scenario of wanted) {
    const isRuns = scenario.name === '20 trivial RUNs'
    const starts = isRuns ? ['crun', 'runc'].flatMap((runtime) => runtimeStart(runtime, base) ?? []) : []
    const bare = scenario.bare === undefined ? undefined : bareRun(base, scenario.bare(size))
    const times = run(scenario, builders, () => {
      for (const start of starts) start.measure()
      bare?.measure()
    })
    report(scenario.name, times, builders)
    if (bare !== undefined) reportBare(bare.times, times, builders)
    if (isRuns) reportRuns(times, starts)
  }
} finally {
  for (const builder of builders) await builder.close()
  rmSync(home, { recursive: true, force: true })
}
