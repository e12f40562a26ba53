import type { Instruction, RunInstruction, ShellInstruction } from './ast.ts'
import { heredocContent } from './heredocs.ts'
import type { Problems } from './problems.ts'
import { runScript } from './run-script.ts'

/** Rules about the shell text of RUN: heredocs that go on after a failure, downloads piped into a shell, apt-get. */
export function lintRunCommands(instructions: readonly Instruction[], problems: Problems): void {
  let shell: ShellInstruction | undefined
  for (const instruction of instructions) {
    if (instruction.kind === 'from') shell = undefined
    if (instruction.kind === 'shell') shell = instruction
    const text = instruction.kind === 'run' ? runScript(instruction) : undefined
    if (instruction.kind !== 'run' || text === undefined) continue
    const options = (shell?.command.args ?? []).map(({ text }) => text).join(' ')
    lintHeredoc(instruction, options, problems)
    lintPipe(instruction, `${options}\n${text}`, problems)
    lintAptGet(instruction, text, problems)
  }
}

const errexit = /(?:^|[\s;&])set\s+(?:[-+]\S+\s+(?:\w+\s+)?)*-(?:[a-z]*e|o\s+errexit)/m

/** HeredocIgnoresErrors: a script of several commands for a shell that nobody told to stop at the first that fails. */
function lintHeredoc({ command, heredocs }: RunInstruction, shellOptions: string, problems: Problems): void {
  const [heredoc] = heredocs
  if (heredoc === undefined || heredocs.length > 1 || command.kind !== 'shell') return
  const before = command.text.slice(0, command.text.indexOf('<<')).trim()
  const script = heredocContent(heredoc)
  const interpreter = /^#!(.*)/.exec(script)?.[1] ?? before
  const isShell =
    interpreter === '' || /^(?:\S*\/)?(?:env\s+)?(?:ba|da|k|z)?sh(?:\s+[-+]\S+)*$/.test(interpreter.trim())
  const stops = /\s-[a-z]*e/.test(` ${interpreter === '' ? shellOptions : interpreter}`) || errexit.test(script)
  if (!isShell || stops || statementCount(script) < 2) return
  problems.warning('heredoc-ignores-errors', 'the heredoc goes on after a command that failed', heredoc.span, {
    hint: 'make "set -e" its first line: without it, only the last command can fail the step',
  })
}

/** Lines that begin a command; comments, blank lines and continued ones are none. */
function statementCount(script: string): number {
  const joined = script.replace(/\\\r?\n/g, ' ').replace(/(&&|\|\||\|)[ \t]*\r?\n/g, '$1 ')
  return joined.split('\n').filter((line) => !/^\s*(?:#|$)/.test(line)).length
}

const pipedDownload =
  /\b(?:curl|wget)\b[^|;&\n]*\|(?!\|)\s*(?:sudo\s+(?:-\S+\s+)*)?(?:\S*\/)?(?:(?:ba|da|k|z)?sh|python3?|node|perl|tee|apt-key)\b/

/** PipeHidesFailure: a failed download gives the shell nothing to do, and it succeeds at that. */
function lintPipe({ command }: RunInstruction, text: string, problems: Problems): void {
  if (!pipedDownload.test(text) || text.includes('pipefail')) return
  problems.warning('pipe-hides-failure', 'a download that fails does not fail this step', command.span, {
    hint: 'put "set -o pipefail;" in front where the shell knows it (SHELL ["/bin/bash", "-o", "pipefail", "-c"]), or save to a file first',
  })
}

function lintAptGet({ command, flags }: RunInstruction, text: string, problems: Problems): void {
  const installs = text.split(/&&|\|\||[;\n]/).filter((part) => /\bapt(?:-get)?\s+(?:-\S+\s+)*install\b/.test(part))
  if (installs.length === 0) return
  const keepsLists = flags.some(({ name, value }) => name === 'mount' && value.includes('/var/lib/apt'))
  if (!keepsLists && !/\brm\s[^;&|\n]*\/var\/lib\/apt/.test(text)) {
    problems.warning('apt-get-cleanup', 'the package lists of apt-get stay in the layer', command.span, {
      hint: 'end the RUN with && rm -rf /var/lib/apt/lists/*',
    })
  }
  if (installs.some((part) => !/--no-install-recommends|install-recommends=(?:0|false|no)/i.test(part))) {
    problems.warning('apt-get-recommends', 'apt-get installs packages that are only recommended', command.span, {
      hint: 'write apt-get install --no-install-recommends, and name what you do need',
    })
  }
}
