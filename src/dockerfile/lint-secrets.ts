import type { Instruction, Word } from './ast.ts'
import type { Problems } from './problems.ts'

const words = (list: readonly string[]): RegExp => new RegExp(`(?:_|^)(?:${list.join('|')})(?:_|$)`, 'i')

/** BuildKit's lists: a whole name, or a part of it between underscores. */
const secretName = words([
  'apikey',
  'auth',
  'credential',
  'credentials',
  'key',
  'password',
  'pword',
  'passwd',
  'secret',
  'token',
])
const harmlessName = words(['public', 'file', 'version'])

/** Tokens that cannot be taken for anything else, by what issues them. */
const tokens: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/, 'a private key'],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, 'an AWS access key'],
  [/\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{50}/, 'a GitHub token'],
  [/\bglpat-[\w-]{20}/, 'a GitLab token'],
  [/\bxox[abprs]-[\w-]{10}/, 'a Slack token'],
  [/\bnpm_[A-Za-z0-9]{36}\b/, 'an npm token'],
  [/\bpypi-[\w-]{50}/, 'a PyPI token'],
  [/\bAIza[\w-]{35}/, 'a Google API key'],
  [/\b[rs]k_live_[A-Za-z0-9]{20}/, 'a Stripe key'],
]

/** SecretsUsedInArgOrEnv by the names of a stage's ARGs and ENVs, SecretValue by what any instruction says. */
export function lintSecrets(instructions: readonly Instruction[], problems: Problems): void {
  const firstFrom = instructions.findIndex(({ kind }) => kind === 'from')
  for (const instruction of instructions.slice(Math.max(0, firstFrom))) {
    for (const name of definedNames(instruction)) {
      if (!secretName.test(name.text) || harmlessName.test(name.text)) continue
      const message = `Do not use ARG or ENV instructions for sensitive data (${instruction.kind.toUpperCase()} "${name.text}")`
      problems.warning('secrets-used-in-arg-or-env', message, name.span, {
        hint: `everybody who has the image can read it; give it to the steps that need it: RUN --mount=type=secret,id=${name.text}`,
      })
    }
  }
  for (const instruction of instructions) lintValue(instruction, problems)
}

function definedNames(instruction: Instruction): Word[] {
  if (instruction.kind === 'env') return instruction.pairs.map(({ name }) => name)
  return instruction.kind === 'arg' ? instruction.assignments.map(({ name }) => name) : []
}

function lintValue(instruction: Instruction, problems: Problems): void {
  const bodies = 'heredocs' in instruction ? instruction.heredocs.map(({ content }) => content) : []
  const text = [instruction.text, ...bodies].join('\n')
  const found = tokens.find(([pattern]) => pattern.test(text))
  if (found === undefined) return
  problems.warning('secret-value', `${instruction.keyword.text} holds what looks like ${found[1]}`, instruction.span, {
    hint: 'revoke it, as it is in the history of the file; then give it by RUN --mount=type=secret',
  })
}
