import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { logPath } from './log-files.ts'

/** Longer lines are written in parts, as docker does. */
const partBytes = 16 * 1024

export interface LogWriter {
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): void
  /** Writes lines that have no end yet, for nothing follows. */
  flush(): void
  close(): void
}

/**
 * Keeps output as docker's json-file driver does: one JSON object a line, of a line of output, its stream and its time; bytes
 * that are no UTF-8 are in base64 under `data`. Full files are put aside (`log.1` is the newest), the oldest go.
 */
export function openLog(directory: string, maxSizeBytes: number, maxFiles: number, nowMs: () => number): LogWriter {
  let fd = openSync(logPath(directory, 0), 'a', 0o600)
  let sizeBytes = fstatSync(fd).size
  const rests = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
  const time = clock(nowMs)
  const put = (records: readonly string[]): void => {
    if (records.length === 0) return
    const bytes = Buffer.from(records.join(''))
    if (maxSizeBytes > 0 && sizeBytes > 0 && sizeBytes + bytes.length > maxSizeBytes) {
      closeSync(fd)
      rotate(directory, maxFiles)
      fd = openSync(logPath(directory, 0), 'a', 0o600)
      sizeBytes = 0
    }
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    sizeBytes += bytes.length
  }
  return {
    write(stream, bytes) {
      const all = Buffer.concat([rests[stream], bytes])
      const { parts, rest } = splitLines(all)
      rests[stream] = Buffer.from(rest)
      put(parts.map((part) => record(stream, part, time())))
    },
    flush() {
      for (const stream of ['stdout', 'stderr'] as const) {
        if (rests[stream].length > 0) put([record(stream, rests[stream], time())])
        rests[stream] = Buffer.alloc(0)
      }
    },
    close: () => closeSync(fd),
  }
}

function splitLines(bytes: Buffer): { readonly parts: readonly Buffer[]; readonly rest: Buffer } {
  const parts: Buffer[] = []
  let from = 0
  for (;;) {
    const end = bytes.indexOf(0x0a, from)
    const to = end < 0 ? bytes.length : end + 1
    if (to - from > partBytes) {
      const cut = partEnd(bytes, from)
      parts.push(bytes.subarray(from, cut))
      from = cut
    } else if (end < 0) return { parts, rest: bytes.subarray(from) }
    else {
      parts.push(bytes.subarray(from, to))
      from = to
    }
  }
}

/** Not in the middle of a character. */
function partEnd(bytes: Buffer, from: number): number {
  let end = from + partBytes
  while (end > from + partBytes - 4 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return end
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function record(stream: string, bytes: Uint8Array, time: string): string {
  try {
    return `${JSON.stringify({ log: decoder.decode(bytes), stream, time })}\n`
  } catch {
    return `${JSON.stringify({ data: Buffer.from(bytes).toString('base64'), stream, time })}\n`
  }
}

/** Times in nanoseconds that never repeat, so that lines can be told apart and ordered by them. */
function clock(nowMs: () => number): () => string {
  let last = 0n
  return () => {
    const now = BigInt(nowMs()) * 1_000_000n
    last = now > last ? now : last + 1n
    return formatNanoseconds(last)
  }
}

function formatNanoseconds(timeNs: bigint): string {
  const seconds = new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, 19)
  return `${seconds}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`
}

function rotate(directory: string, maxFiles: number): void {
  if (maxFiles <= 1) {
    rmSync(logPath(directory, 0), { force: true })
    return
  }
  for (let number = maxFiles - 2; number >= 0; number--) {
    try {
      renameSync(logPath(directory, number), logPath(directory, number + 1))
    } catch {
      // There are not that many yet.
    }
  }
}
