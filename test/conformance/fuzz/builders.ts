import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { type Diagnostic, positionAt, type SourceFile, sourceFile } from '../../../src/base/index.ts'
import { defineProgram } from '../../../src/build/index.ts'
import { parseDockerfile, parseTrigger } from '../../../src/dockerfile/parse-dockerfile.ts'
import { encodeConfig } from '../../../src/oci/index.ts'
import { setKeys } from '../differences.ts'
import { readDockerArchive } from '../docker-archive.ts'
import { docker, type Oracle } from '../docker-daemon.ts'
import { renderTree } from '../file-tree.ts'
import { asObject, type JsonObject, optionalText } from '../json.ts'
import { type ReadImage, readLayout } from '../layout-tree.ts'
import { writeContext } from './context-entry.ts'
import { type Area, dockerfileText, type FuzzCase } from './fuzz-case.ts'

/** What a builder made of a case, as text by name, so that any two can be compared; or that it refused, with its words. */
export type Outcome =
  | { readonly kind: 'built'; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'failed'; readonly output: string }

/** Builds cases. */
export type Builder = (each: FuzzCase, area: Area) => Promise<Outcome>

const amd64 = { os: 'linux', architecture: 'amd64' } as const
/** The bundled command. */
export const program = join(import.meta.dirname, '../../../dist/longshore.cjs')

/** The BuildKit of a docker daemon. */
export function dockerBuilder(oracle: Oracle): Builder {
  return (each, area) =>
    inContext(oracle.home, each, area, async (dir) => {
      const built = await runProgram(docker, ['build', '--network', 'host', '-q', ...flagsOf(each), dir], oracle.env)
      if (/Cannot connect|rpc error: code = Unavailable/.test(built.stderr)) throw new Error(built.stderr)
      if (built.status !== 0) return { kind: 'failed', output: built.stderr.trimEnd().split('\n').slice(-2).join('\n') }
      const ask = (path: string): Promise<Uint8Array> => askDaemon(join(oracle.home, 'd.sock'), path)
      if (area !== 'text') {
        const archive = join(dir, '..', 'image.tar')
        writeFileSync(archive, await ask(`/images/${built.stdout.trim()}/get`))
        return treeOutcome(await readDockerArchive(archive, join(dir, '..', 'saved')))
      }
      const answer: unknown = JSON.parse(Buffer.from(await ask(`/images/${built.stdout.trim()}/json`)).toString())
      const image = asObject(answer, 'image')
      return configOutcome(asObject(image['Config'], 'Config'), optionalText(image, 'Author', 'image') ?? '')
    })
}

/** Longshore as a command, with a store of its own below `home`. `flags` are those of build. */
export function longshoreBuilder(home: string, flags: readonly string[] = []): Builder {
  return (each, area) =>
    area === 'text'
      ? lowerConfig(each)
      : inContext(home, each, area, async (dir) => {
          const layout = join(dir, '..', 'layout')
          const output = `type=oci,tar=false,dest=${layout}`
          const args = ['--root', join(home, 'store'), 'build', ...flags, '-q', '-o', output]
          const built = await runProgram(process.execPath, [program, ...args, ...flagsOf(each), dir], process.env)
          if (built.status === 0) return treeOutcome(await readLayout(layout))
          if (built.status !== 1 && built.status !== 125) return { kind: 'built', values: { crash: built.stderr } }
          return { kind: 'failed', output: built.stderr }
        })
}

/** The config that the text gives, without a process. */
async function lowerConfig(each: FuzzCase): Promise<Outcome> {
  const source = sourceFile('Dockerfile', dockerfileText(each, 'text'))
  const options = { buildArgs: each.buildArgs, buildPlatform: amd64, targetPlatform: amd64 }
  const defined = await defineProgram(source, options, {
    parse: async (file) => parseDockerfile(file),
    parseTrigger: async (text, name) => parseTrigger(text, name),
    imageConfig: async () => 'unknown',
  })
  if (defined.kind !== 'defined') {
    const diagnostics = defined.kind === 'failed' ? defined.diagnostics : []
    return { kind: 'failed', output: diagnostics.map((one) => shownDiagnostic(source, one)).join('\n') }
  }
  const stage = defined.program.stages.at(-1)
  if (stage === undefined) return { kind: 'failed', output: 'no stage' }
  const { platform, config, author } = stage
  const image = { platform, config, diffIds: [], history: [], created: '1970-01-01T00:00:00Z' }
  const document: unknown = JSON.parse(Buffer.from(encodeConfig(image)).toString())
  return configOutcome(asObject(asObject(document, 'image')['config'], 'config'), author ?? '')
}

function shownDiagnostic(source: SourceFile, { severity, span, message, code }: Diagnostic): string {
  return severity === 'error' ? `Dockerfile:${positionAt(source, span.start).line}: ${message} [${code}]` : ''
}

function configOutcome(config: JsonObject, author: string): Outcome {
  const entries = Object.entries(setKeys(config)).map(([key, value]) => [key, sortedJson(value)])
  return { kind: 'built', values: { ...Object.fromEntries(entries), Author: author } }
}

/** Lists keep their order, as ENV and ONBUILD have one; members of objects do not. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}

function treeOutcome(image: ReadImage): Outcome {
  return { kind: 'built', values: Object.fromEntries(renderTree(image.tree)) }
}

/** Writes the case to a folder of its own below `home` while `use` runs. */
export async function inContext<T>(
  home: string,
  each: FuzzCase,
  area: Area,
  use: (dir: string) => Promise<T>,
): Promise<T> {
  const place = mkdtempSync(join(home, 'case-'))
  const dir = join(place, 'context')
  try {
    mkdirSync(dir)
    writeContext(dir, each.entries)
    writeFileSync(join(dir, 'Dockerfile'), dockerfileText(each, area))
    return await use(dir)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function flagsOf({ buildArgs }: FuzzCase): string[] {
  return Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])
}

/** Runs a program to its end. */
export async function runProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  await once(child, 'close')
  return { status: child.exitCode, ...output }
}

/** What the daemon's API has to say, without the start of a client. */
async function askDaemon(socketPath: string, path: string): Promise<Uint8Array> {
  const [answer] = await once(request({ socketPath, path }).end(), 'response')
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
