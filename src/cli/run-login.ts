import { ToolError } from '../base/index.ts'
import { loggedInUser, logIn, logOut } from '../engine/log-in.ts'
import { parseRegistry } from '../oci/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { LoginFlags } from './flags.ts'
import { onInterrupt } from './interrupt.ts'
import { processHost } from './process-host.ts'
import { askHidden, askLine } from './prompt.ts'

/** Runs `longshore login`; returns the exit code. */
export async function runLogin(text: string, flags: LoginFlags): Promise<number> {
  const registry = parseRegistry(text)
  const { authfile, tlsVerify } = flags
  const place = { host: processHost(), ...(authfile === undefined ? {} : { authFile: authfile }) }
  if (flags.getLogin === true) {
    process.stdout.write(`${await loggedInUser(place, registry)}\n`)
    return exitCodes.done
  }
  const account = await askAccount(flags)
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  try {
    const access = tlsVerify === undefined ? {} : { tlsVerify }
    const path = await logIn(place, registry, account, access, abort.signal)
    process.stderr.write(`The account is kept in ${path}.\n`)
    process.stdout.write('Login Succeeded\n')
    return exitCodes.done
  } finally {
    restore()
  }
}

/** Runs `longshore logout`; returns the exit code. */
export async function runLogout(text: string, flags: LoginFlags): Promise<number> {
  const { authfile } = flags
  const place = { host: processHost(), ...(authfile === undefined ? {} : { authFile: authfile }) }
  const registry = flags.all === true ? undefined : parseRegistry(text)
  const removed = await logOut(place, registry)
  if (removed.length === 0) process.stderr.write(`Not logged in to ${registry ?? 'any registry'}\n`)
  for (const name of removed) process.stdout.write(`Removed login credentials for ${name}\n`)
  return exitCodes.done
}

async function askAccount(flags: LoginFlags): Promise<{ readonly username: string; readonly password: string }> {
  const { passwordStdin = false, password } = flags
  if (passwordStdin && password !== undefined) throw usage('give --password or --password-stdin, not both')
  if (passwordStdin && flags.username === undefined) throw usage('--password-stdin needs --username')
  const isAsked = !passwordStdin && password === undefined
  if (isAsked && !process.stdin.isTTY) throw usage('there is no terminal to ask for the password')
  const username = flags.username ?? (process.stdin.isTTY ? await askLine('Username: ') : undefined)
  if (username === undefined || username === '') throw usage('the user name is missing')
  if (username.includes(':')) throw usage('a user name has no colon')
  const given = passwordStdin ? await readStdin() : (password ?? (await askHidden('Password: ')))
  if (given === '') throw usage('the password is empty')
  return { username, password: given }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}

function usage(message: string): ToolError {
  return new ToolError('usage', message, { hint: 'longshore login -u NAME --password-stdin REGISTRY < FILE' })
}
