import type { Fix } from '../base/index.ts'
import type { AddInstruction, CopyInstruction, Instruction, RunInstruction } from './ast.ts'
import type { Problems } from './problems.ts'
import { runScript } from './run-script.ts'

/** A command that installs what manifests list, and those manifests. */
interface Installer {
  readonly pattern: RegExp
  readonly manifests: string
}

/** What may follow an install command that takes everything from its manifest: options, no package names. */
const optionsOnly = '(?:\\s+--?[\\w-]+(?:=\\S+)?)*\\s*(?:$|[;&|\\n])'
const installer = (command: string, manifests: string, tail = optionsOnly): Installer => ({
  pattern: new RegExp(`(?:^|[;&|\\n]|\\s)(?:${command})${tail}`),
  manifests,
})

const installers: readonly Installer[] = [
  installer('npm\\s+(?:ci|install|i)', 'package*.json'),
  installer('yarn(?:\\s+install)?', 'package.json yarn.lock'),
  installer('pnpm\\s+(?:install|i|fetch)', 'package.json pnpm-lock.yaml'),
  installer('bun\\s+install', 'package.json bun.lock*'),
  installer('pip3?\\s+install\\s(?:[^;&|\\n]*\\s)?(?:-r|--requirement)[\\s=]', 'requirements*.txt', ''),
  installer('poetry\\s+install', 'pyproject.toml poetry.lock'),
  installer('uv\\s+sync', 'pyproject.toml uv.lock'),
  installer('go\\s+mod\\s+download', 'go.mod go.sum'),
  installer('cargo\\s+fetch', 'Cargo.toml Cargo.lock'),
  installer('bundle\\s+install', 'Gemfile Gemfile.lock'),
  installer('composer\\s+install', 'composer.json composer.lock'),
  installer('dotnet\\s+restore', '*.csproj'),
  installer('mix\\s+deps\\.get', 'mix.exs mix.lock'),
]

/** CopyBeforeInstall: the whole context is copied before the first install of a stage, so any change repeats the install. */
export function lintCopyOrder(instructions: readonly Instruction[], problems: Problems): void {
  let copy: CopyInstruction | AddInstruction | undefined
  let installed = false
  for (const [index, instruction] of instructions.entries()) {
    if (instruction.kind === 'from') {
      copy = undefined
      installed = false
    } else if (instruction.kind === 'copy' || instruction.kind === 'add') {
      if (copiesEverything(instruction)) copy ??= instruction
    } else if (instruction.kind === 'run') {
      const found = installerOf(instruction)
      if (found === undefined) continue
      if (copy !== undefined && !installed) report(copy, instruction, found, instructions[index - 1] === copy, problems)
      installed = true
    }
  }
}

function copiesEverything(copy: CopyInstruction | AddInstruction): boolean {
  return (
    copy.flags.every(({ name }) => name !== 'from') && copy.sources.some(({ text }) => /^(?:\.\/?|\/|\*)$/.test(text))
  )
}

function installerOf(run: RunInstruction): Installer | undefined {
  const script = runScript(run)
  return script === undefined ? undefined : installers.find(({ pattern }) => pattern.test(script))
}

function report(
  copy: CopyInstruction | AddInstruction,
  run: RunInstruction,
  { manifests }: Installer,
  adjacent: boolean,
  problems: Problems,
): void {
  const message = 'every change of any file installs the dependencies anew: all files are copied before the install'
  problems.warning('copy-before-install', message, copy.span, {
    hint: `first COPY ${manifests} ./ and install, then COPY the rest`,
    related: [{ file: problems.file, span: run.span, message: 'the install' }],
    fix: adjacent ? swap(copy, run, manifests) : undefined,
  })
}

/** Manifests, install, everything: only where one follows the other and the install is all that the RUN does. */
function swap(copy: CopyInstruction | AddInstruction, run: RunInstruction, manifests: string): Fix | undefined {
  const { command } = run
  const simple = command.kind === 'shell' && run.heredocs.length === 0 && !/[;&|\n]/.test(command.text)
  const here = /^\.\/?$/.test(copy.destination.text)
  if (!simple || !here || copy.heredocs.length > 0 || copy.flags.length > 0) return undefined
  const first = `${copy.keyword.text} ${manifests} ./\n${run.text}`
  return {
    title: `copy ${manifests} and install before everything else is copied`,
    edits: [
      { span: copy.span, text: first },
      { span: run.span, text: copy.text },
    ],
  }
}
