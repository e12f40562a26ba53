import { execFile } from 'node:child_process'
import { errnoCode, sanitizeForTerminal } from '../base/index.ts'
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
  if (!/^[a-z0-9._-]+$/i.test(name)) return unavailable('has a name that is no program name')
  const server = registry === defaultRegistry ? 'https://index.docker.io/v1/' : registry
  const answer = await run(`docker-credential-${name}`, server, env)
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

function run(program: string, input: string, env: Readonly<Record<string, string | undefined>>): Promise<HelperAnswer> {
  return new Promise((resolve) => {
    const options = { env: { ...env }, timeout: helperTimeoutMs, maxBuffer: 1024 * 1024 }
    const child = execFile(program, ['get'], options, (error, stdout, stderr) => {
      if (error === null) resolve({ kind: 'answered', output: stdout })
      else if (errnoCode(error) === 'ENOENT') resolve({ kind: 'missing' })
      else resolve({ kind: 'failed', output: stdout + stderr })
    })
    // A helper that ends before it read its input breaks the pipe; its exit code tells what happened.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
