import { createReadStream, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { ToolError } from '../base/index.ts'
import { renderTable } from '../report/index.ts'
import { addBuildCommand } from './build-command.ts'
import { exitCodes } from './exit-codes.ts'
import { kanikoArguments } from './kaniko-arguments.ts'
import { kanikoFlags } from './kaniko-flags.ts'
import { parseKaniko } from './parse-kaniko.ts'
import { processHost } from './process-host.ts'
import { runBuild } from './run-build.ts'

/** Runs `longshore kaniko`; returns the exit code of the build. Throws `ToolError` `usage`, `not-supported` and what builds throw. */
export async function runKaniko(words: readonly string[], root: string | undefined): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(helpText())
    return exitCodes.done
  }
  const host = processHost()
  const isFile = (path: string): boolean =>
    statSync(resolve(host.cwd, path), { throwIfNoEntry: false })?.isFile() === true
  const { args, context, archive, access, notes } = kanikoArguments(parseKaniko(words), { env: host.env, isFile })
  if (archive !== undefined && !isFile(archive)) {
    throw new ToolError('context-not-found', `--context tar://${archive}: there is no such file`, {
      hint: 'the path is seen from here, or absolute: tar:///workspace/context.tar.gz',
    })
  }
  // Said once, not again by the command that a user's namespace starts anew.
  if (!host.isReexecuted) process.stderr.write(notes.map((note) => `kaniko: ${note}\n`).join(''))
  const stdin = archive === undefined ? host.stdin : () => createReadStream(resolve(host.cwd, archive))
  let exitCode = 0
  const program = new Command('longshore').exitOverride()
  addBuildCommand(
    program,
    (code) => {
      exitCode = code
    },
    (flags) => runBuild(context, flags, root, { host: { ...host, stdin }, access }),
  )
  await program.parseAsync(['build', ...args, '--', context], { from: 'user' })
  return exitCode
}

function helpText(): string {
  const rows = kanikoFlags.map(({ name, short, role, text }) => [
    `${short === undefined ? '    ' : `-${short}, `}--${name}`,
    `${role === 'accepted' ? 'changes nothing: ' : role === 'refused' ? 'refused: ' : ''}${text.replaceAll('`', '')}`,
  ])
  return `Usage: longshore kaniko --context dir://PATH --destination REGISTRY/NAME:TAG [flags]

Builds and pushes an image with the flags of kaniko's executor, and says what becomes of each.

${renderTable(['FLAG', 'BECOMES'], rows)}`
}
