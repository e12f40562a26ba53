import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { checkout } from './actor.ts'

/** A bucket `cache` of an S3 server on loopback. It knows its account, and looks at no signature of version 4. */
export interface S3Server {
  readonly url: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  stop(): Promise<void>
}

const script = `
const S3rver = require('s3rver')
new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: process.argv[1], configureBuckets: [{ name: 'cache' }] })
  .run().then(({ port }) => console.log(port))
`

/** Starts s3rver in a process of its own, with its data in a temporary folder that `stop` removes. */
export async function startS3Server(): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-s3-'))
  const child = spawn(process.execPath, ['-e', script, folder], { cwd: checkout, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
    rmSync(folder, { recursive: true, force: true })
  }
  const ended = exited.then(() => Promise.reject(new Error('s3rver has ended')))
  ended.catch(() => undefined)
  const [port] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])
  return { url: `http://127.0.0.1:${port}`, accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER', stop }
}
