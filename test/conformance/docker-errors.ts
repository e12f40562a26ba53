/**
 * Builds fixtures/errors with the BuildKit of Debian's docker.io and with Longshore, and writes both messages side by side to
 * docs/broken-dockerfiles.md; run by hand as root after `npm run bundle`: `node_modules/.bin/node test/conformance/docker-errors.ts`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrokenBuild, loadBrokenBuilds } from './broken-builds.ts'
import { prepareBaseContext } from './context-copy.ts'
import { docker, type Oracle, startOracle, stopOracle } from './docker-daemon.ts'

const checkout = join(import.meta.dirname, '../..')
const longshore = join(checkout, 'bin/longshore')

/** What the Dockerfile frontend of docker 20.10 does not know yet, and how a Dockerfile shows that it uses it. */
const newer: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/ <<-?[\w.]/, 'heredocs (1.4)'],
  [/--network/, '`RUN --network` (1.3)'],
  [/--link/, '`COPY --link` (1.4)'],
  [/--parents/, '`COPY --parents` (1.20)'],
  [/--checksum/, '`ADD --checksum` (1.6)'],
  [/--chmod=[ugoar]/, 'symbolic `--chmod` (1.14)'],
  [/\$\{\w+[#%/]/, 'pattern substitution (1.7)'],
]

interface Row {
  readonly one: BrokenBuild
  readonly ours: string
  readonly docker: string
}

async function main(): Promise<void> {
  const base = prepareBaseContext()
  const store = mkdtempSync(join(tmpdir(), 'longshore-docker-errors-'))
  let oracle = await startWith(base)
  try {
    run(longshore, ['--root', store, 'build', '-q', '-t', 'longshore-base', base])
    const version = run(docker, ['version', '--format', '{{.Server.Version}}'], oracle).stdout.trim()
    const rows: Row[] = []
    for (const one of loadBrokenBuilds()) {
      console.log(one.name)
      const args = [...one.flags, one.context]
      const theirs = run(docker, ['build', '--network', 'host', '--progress', 'plain', ...args], oracle)
      const crashed = run(docker, ['version'], oracle).status !== 0
      rows.push({
        one,
        ours: ownMessages(run(longshore, ['--root', store, 'build', ...args]).stderr),
        docker: crashed ? 'the daemon crashes' : dockerMessage(theirs),
      })
      if (!crashed) continue
      await stopOracle(oracle)
      oracle = await startWith(base)
    }
    writeFileSync(join(checkout, 'docs/broken-dockerfiles.md'), page(rows, version))
  } finally {
    await stopOracle(oracle)
    for (const folder of [base, store]) rmSync(folder, { recursive: true, force: true })
  }
}

/** A daemon that has the base image. */
async function startWith(base: string): Promise<Oracle> {
  const oracle = await startOracle()
  const built = run(docker, ['build', '-q', '-t', 'longshore-base', base], oracle)
  if (built.status === 0) return oracle
  await stopOracle(oracle)
  throw new Error(built.stderr)
}

function run(program: string, args: readonly string[], oracle?: Oracle) {
  return spawnSync(program, args, { encoding: 'utf8', env: oracle?.env ?? process.env, timeout: 120_000 })
}

/** `line:column message` and the hint of each error. */
function ownMessages(stderr: string): string {
  const head = /Dockerfile:(\d+:\d+): error: (.*) \[[a-z-]+\]\n/.source
  const between = /(?: +\d* \| .*\n)*(?: {2}\S*:\d+:\d+: .*\n)*(?: {2}hint: (.*))?/.source
  const found = [...stderr.matchAll(new RegExp(head + between, 'g'))]
  return found
    .map(([, place, message = '', hint = '']) => `**${place}** ${cell(message)}<br>*${cell(hint)}*`)
    .join('<br>')
}

function dockerMessage({ status, stderr }: { readonly status: number | null; readonly stderr: string }): string {
  if (status === 0) return 'builds it'
  const last = stderr.trimEnd().split('\n').at(-1) ?? ''
  const text = last
    .replace(/^(?:ERROR: )?failed to solve with frontend dockerfile\.v0: /, '')
    .replace(/^failed to (?:create LLB definition|solve with frontend dockerfile\.v0): /, '')
    .replace(/^failed to solve: /, '')
    .replace(/^rpc error: code = \w+ desc = /, '')
    .replaceAll(/\/var\/lib\/docker\/\S*|\/tmp\/\S+/g, '…')
  return cell(text)
}

function cell(text: string): string {
  return text.replace(/[\\`*_<>[\]|~]/g, '\\$&').replaceAll('\n', ' ')
}

function page(rows: readonly Row[], version: string): string {
  const table = rows.map(({ one, ours, docker: theirs }) => {
    const text = readFileSync(join(one.context, 'Dockerfile'), 'utf8')
    const unknown = newer.filter(([pattern]) => pattern.test(text)).map(([, what]) => what)
    const remark = unknown.length === 0 ? '' : `<br>*docker ${version} does not know ${unknown.join(' and ')}*`
    const fix = one.fixed === undefined ? '' : '<br>has a fix'
    return `| [${one.name}](../fixtures/errors/${one.name}/context/Dockerfile) | ${code(text)} | ${ours}${fix} | ${theirs}${remark} |`
  })
  return `# Broken Dockerfiles

What Longshore and docker ${version} (BuildKit of the Debian package docker.io) say about the builds of \`fixtures/errors\`. Made by
\`test/conformance/docker-errors.ts\`; the messages are as they came out. Longshore's begin with line and column and end with the
hint; docker's is its last line.

| case | Dockerfile | Longshore | docker ${version} |
| --- | --- | --- | --- |
${table.join('\n')}
`
}

/** The Dockerfile without the FROM that all have, its lines one below the other. */
function code(text: string): string {
  const all = text.replace(/^\ufeff/, '').split(/\r?\n/)
  const lines = all.filter((line) => line !== '' && line !== 'FROM longshore-base')
  const quoted = lines.map((line) => {
    const marks = line.includes('`') ? '``' : '`'
    const padded = line.includes('`') ? ` ${line} ` : line
    return `${marks}${padded.replaceAll('|', '\\|')}${marks}`
  })
  return quoted.join('<br>')
}

await main()
