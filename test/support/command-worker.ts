/**
 * Runs one command line after the other in this process: JSON lines of words come in on descriptor 0, a JSON line of what each
 * printed and its exit code goes out on descriptor 3. For tests of many builds, most of whose time is the start of a process.
 */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { runCommandLine } from '../../src/cli/command-line.ts'

const answers = 3
const printed = { stdout: '', stderr: '' }
for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (chunk: string | Uint8Array) => {
    printed[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    return true
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const words: unknown = JSON.parse(line)
  if (!Array.isArray(words)) throw new Error(`not a command line: ${line}`)
  printed.stdout = ''
  printed.stderr = ''
  const status = await runCommandLine([process.execPath, 'longshore', ...words.map(String)])
  writeSync(answers, `${JSON.stringify({ status, ...printed })}\n`)
}
