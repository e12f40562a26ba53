import { execFile } from 'node:child_process'
import { errnoCode, sanitizeForTerminal, ToolError } from '../base/index.ts'
import { decodeJson, defaultRegistry, fieldsOf, text } from '../oci/index.ts'
import type { Credentials } from './credentials.ts'

const helperTimeoutMs = 30_000

/**
 * Asks `docker-credential-NAME get` (docker's credential helper protocol). Undefined when it knows nothing of the
 * registry. A helper that is missing or fails gives `unavailable`: public images must still be pulled where a
 * config file was copied from another machine.
 */
export async function askHelper(
  name: string,
  registry: string,
  configPath: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Credentials | undefined> {
  const unavailable = (why: string): Credentials => ({
    kind: 'unavailable',
    reason: `the credential helper "${sanitizeForTerminal(name.slice(0, 60))}" that ${configPath} names ${why}`,
  })
  if (!isHelperName(name)) return unavailable('has a name that is no program name')
  const answer = await run(name, 'get', serverOf(registry), env)
  if (answer.kind === 'missing') return unavailable('is not installed')
  if (answer.kind === 'failed') {
    // The protocol has no code for "unknown server": the message is fixed by docker's helper library.
    return /credentials not found/i.test(answer.output) ? undefined : unavailable('failed')
  }
  try {
    return decodeAnswer(answer.output)
  } catch {
    return unavailable('gave an answer that is not its protocol')
  }
}

/** Gives an account to a helper to keep. Throws `ToolError` `registry-denied` when it does not. */
export async function storeWithHelper(
  name: string,
  registry: string,
  account: { readonly username: string; readonly password: string },
  configPath: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const input = JSON.stringify({ ServerURL: serverOf(registry), Username: account.username, Secret: account.password })
  await mustRun(name, 'store', input, configPath, env)
}

/** Has a helper forget a registry. Throws `ToolError` `registry-denied` when it fails. */
export async function eraseWithHelper(
  name: string,
  registry: string,
  configPath: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  await mustRun(name, 'erase', serverOf(registry), configPath, env)
}

async function mustRun(
  name: string,
  verb: 'store' | 'erase',
  input: string,
  configPath: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const answer = isHelperName(name) ? await run(name, verb, input, env) : ({ kind: 'missing' } as const)
  if (answer.kind === 'answered') return
  const helper = `the credential helper "${sanitizeForTerminal(name.slice(0, 60))}" that ${configPath} names`
  const why = answer.kind === 'missing' ? 'is not installed' : `failed to ${verb}`
  throw new ToolError('registry-denied', `${helper} ${why}`, {
    hint: 'install or repair it, or take credsStore and credHelpers out of the file',
  })
}

function isHelperName(name: string): boolean {
  return /^[a-z0-9._-]+$/i.test(name)
}

function serverOf(registry: string): string {
  return registry === defaultRegistry ? 'https://index.docker.io/v1/' : registry
}

function decodeAnswer(output: string): Credentials {
  return decodeJson(Buffer.from(output), 'answer of a credential helper', (value, place): Credentials => {
    const fields = fieldsOf(value, place)
    const username = fields.required('Username', text)
    const secret = fields.required('Secret', text)
    return username === '<token>'
      ? { kind: 'identity-token', token: secret }
      : { kind: 'basic', username, password: secret }
  })
}

type HelperAnswer =
  | { readonly kind: 'answered'; readonly output: string }
  | { readonly kind: 'failed'; readonly output: string }
  | { readonly kind: 'missing' }

function run(
  name: string,
  verb: 'get' | 'store' | 'erase',
  input: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<HelperAnswer> {
  return new Promise((resolve) => {
    const options = { env: { ...env }, timeout: helperTimeoutMs, maxBuffer: 1024 * 1024 }
    const child = execFile(`docker-credential-${name}`, [verb], options, (error, stdout, stderr) => {
      if (error === null) resolve({ kind: 'answered', output: stdout })
      else if (errnoCode(error) === 'ENOENT') resolve({ kind: 'missing' })
      else resolve({ kind: 'failed', output: stdout + stderr })
    })
    // A helper that ends before it read its input breaks the pipe; its exit code tells what happened.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
