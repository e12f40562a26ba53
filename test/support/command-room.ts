import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { type Actor, checkout, environment, spawnDirectory, userNamespace } from './actor.ts'

export interface CommandResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A process of an actor that runs command lines, one after the other. */
export interface CommandRoom {
  /** Rejects when the process is gone. */
  run(args: readonly string[]): Promise<CommandResult>
  close(): Promise<void>
}

/** Starts the process; an ordinary user's is in its user namespace already, where a command would put itself. */
export function openCommandRoom(actor: Actor): CommandRoom {
  const inside = actor.name === 'user' ? [...userNamespace, '--'] : []
  const env = environment(actor, actor.name === 'user' ? { LONGSHORE_NAMESPACE: '{}' } : {})
  const node = join(checkout, 'node_modules/node/bin/node')
  const command = [...inside, node, join(checkout, 'test/support/command-worker.ts')]
  const [program = '', ...words] = actor.wrap(command, actor.home, env)
  const cwd = spawnDirectory(actor, actor.home)
  const child = spawn(program, words, { cwd, env, stdio: ['pipe', 'inherit', 'inherit', 'pipe'] })
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const waiting: { resolve(result: CommandResult): void; reject(error: Error): void }[] = []
  void gone.then(() => {
    for (const { reject } of waiting.splice(0)) reject(new Error('the process that runs commands is gone'))
  })
  const output = child.stdio[3]
  if (!(output instanceof Readable)) throw new Error('no pipe for answers')
  createInterface({ input: output }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)))
  child.stdin?.on('error', () => {})
  return {
    run: (args) =>
      new Promise((resolve, reject) => {
        if (child.exitCode !== null) return reject(new Error('the process that runs commands is gone'))
        waiting.push({ resolve, reject })
        child.stdin?.write(`${JSON.stringify(args)}\n`)
      }),
    close() {
      child.stdin?.end()
      return gone
    },
  }
}
