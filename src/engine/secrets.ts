import { readFileSync, statSync } from 'node:fs'
import { errorMessage, ToolError } from '../base/index.ts'

/** Where a secret's value is. Read only when a step needs it. */
export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }

/** Sources by the id that RUN --mount=type=secret names. */
export type Secrets = Readonly<Record<string, SecretSource>>

/** BuildKit's limit. */
const largestBytes = 500 * 1024

/** A secret's value; undefined when it was not given. Throws `ToolError` `usage` for a file that cannot be read or is too large. */
export function readSecret(
  secrets: Secrets,
  id: string,
  env: Readonly<Record<string, string | undefined>>,
): Buffer | undefined {
  const source = Object.hasOwn(secrets, id) ? secrets[id] : undefined
  if (source === undefined) return undefined
  if (source.kind === 'env') {
    const value = env[source.name]
    return value === undefined ? undefined : Buffer.from(value)
  }
  try {
    const { size } = statSync(source.path)
    if (size > largestBytes) throw tooLarge(id, source.path, size)
    return readFileSync(source.path)
  } catch (error) {
    if (error instanceof ToolError) throw error
    throw new ToolError('usage', `cannot read the secret "${id}": ${errorMessage(error)}`, {
      hint: `check src=${source.path} of --secret`,
      cause: error,
    })
  }
}

function tooLarge(id: string, path: string, sizeBytes: number): ToolError {
  return new ToolError('usage', `the secret "${id}" is too large: "${path}" has ${sizeBytes} bytes`, {
    hint: `a secret has at most ${largestBytes} bytes; show larger files by a bind mount`,
  })
}

/** The error for a required secret that was not given. */
export function missingSecret(secrets: Secrets, id: string): ToolError {
  const source = Object.hasOwn(secrets, id) ? secrets[id] : undefined
  const unset = source?.kind === 'env' ? `, since the environment variable ${source.name} is not set` : ''
  return new ToolError('secret-not-found', `secret "${id}": not found${unset}`, {
    hint:
      source?.kind === 'env'
        ? `set ${source.name}, or give a file: --secret id=${id},src=FILE`
        : `give it with --secret id=${id},src=FILE or --secret id=${id},env=NAME, or drop "required" from the mount`,
  })
}
