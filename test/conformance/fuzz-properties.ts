/**
 * Builds random Dockerfiles with Longshore alone and looks at what has to hold for each; run by hand as root:
 * `node_modules/.bin/node test/conformance/fuzz-properties.ts [--seed N] [--count N]` (after `npm run bundle`). A build with
 * one job, with four, out of the cache and past it gives the same image ID; what `--plan` calls a hit is not run, and what
 * it calls a miss without waiting is. Exit code 1 when one of these fails.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inContext, program, runProgram } from './fuzz/builders.ts'
import { copyCase } from './fuzz/copy-lines.ts'
import { dockerfileText, type FuzzCase, failingLine, unitOfLine } from './fuzz/fuzz-case.ts'
import { Random } from './fuzz/random.ts'
import { asList, asObject, asText } from './json.ts'

async function main(): Promise<number> {
  const options = { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '20' } } as const
  const { values } = parseArgs({ options })
  const home = mkdtempSync(join(tmpdir(), 'longshore-properties-'))
  let [built, wrong] = [0, 0]
  try {
    for (let seed = Number(values.seed); seed < Number(values.seed) + Number(values.count); seed++) {
      const found = await failures(home, copyCase(new Random(seed), 6))
      if (found === undefined) continue
      built++
      if (found.length === 0) continue
      wrong++
      console.log(
        [`--- seed ${seed}`, dockerfileText(copyCase(new Random(seed), 6), 'copy').trimEnd(), ...found].join('\n'),
      )
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
  console.log(`${built} built, ${wrong} wrong`)
  return wrong === 0 ? 0 : 1
}

/** What does not hold; undefined for a case of which nothing can be built. */
async function failures(home: string, each: FuzzCase): Promise<readonly string[] | undefined> {
  let left = each
  while (left.units.length > 0) {
    const result = await inContext(home, left, 'copy', (dir) => look(home, dir))
    if (Array.isArray(result)) return result
    const line = failingLine(String(result))
    const at = line === undefined ? -1 : unitOfLine(left, 'copy', line)
    if (at < 0) return [String(result)]
    left = { ...left, units: left.units.toSpliced(at, 1) }
  }
  return undefined
}

/** The failures, or the words of a build that was refused. */
async function look(home: string, dir: string): Promise<readonly string[] | string> {
  const build = (flags: readonly string[]) =>
    runProgram(process.execPath, [program, '--root', join(home, 'store'), 'build', ...flags, dir], process.env)
  const plan = await build(['--plan', '--format', 'json'])
  const first = await build(['--progress', 'plain', '--jobs', '4'])
  if (first.status !== 0) return first.stderr
  const found = comparePlan(plan.stdout, first.stderr)
  for (const flags of [['-q'], ['-q', '--no-cache', '--jobs', '1'], ['-q', '--no-cache', '--jobs', '4']]) {
    const again = await build(flags)
    if (again.stdout !== first.stdout)
      found.push(`${flags.join(' ')}: ${again.stdout}${again.stderr}, not ${first.stdout}`)
  }
  const settled = asList(JSON.parse((await build(['--plan', '--format', 'json'])).stdout), 'plan')
  const misses = settled.filter((entry) => asObject(entry, 'plan')['status'] === 'MISS')
  if (misses.length > 0) found.push(`after the build the plan still has ${JSON.stringify(misses)}`)
  return found
}

/** Where the progress of a build tells of something else than its plan. */
function comparePlan(plan: string, progress: string): string[] {
  const ran = new Map<string, string>()
  for (const [, label = '', state = ''] of progress.matchAll(
    /^#(?:\d+) (\[[^\n]*)\n(?:#[^\n]*\n)*?#\d+ (CACHED|DONE)/gm,
  )) {
    ran.set(label, state)
  }
  return asList(JSON.parse(plan), 'plan').flatMap((item) => {
    const entry = asObject(item, 'plan')
    const [label, status] = [asText(entry['label'], 'label'), asText(entry['status'], 'status')]
    const state = ran.get(label)
    const waits = String(entry['reason'] ?? '').startsWith('waits')
    if (status === 'HIT' && state === 'DONE') return [`${label}: a hit in the plan, but it ran`]
    if (status === 'MISS' && !waits && state !== 'DONE')
      return [`${label}: a miss in the plan, but ${state ?? 'it was not built'}`]
    return []
  })
}

process.exitCode = await main()
