import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** Asks on stderr, and reads a line from the terminal. */
export async function askLine(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(question)).trim()
  } finally {
    terminal.close()
  }
}

/** As `askLine`, but nobody sees what is typed. */
export async function askHidden(question: string): Promise<string> {
  process.stderr.write(question)
  // readline echoes to its output, which is nowhere here; it takes the terminal's own echo off.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    return await terminal.question('')
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
