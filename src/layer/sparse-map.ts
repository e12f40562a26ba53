import { archiveTooLarge, invalidArchive } from './archive-error.ts'
import { fieldNumber } from './tar-fields.ts'

/** One stretch of stored bytes of a sparse file: where it goes in the file, and how long it is. */
export interface SparseRun {
  readonly offset: number
  readonly length: number
}

const maxRuns = 100_000

/** Checks order, overlap and bounds against the file's size and the stored size; drops empty runs. Throws `archive-invalid`. */
export function checkSparseRuns(runs: readonly SparseRun[], size: number, stored: number): SparseRun[] {
  let end = 0
  let total = 0
  for (const run of runs) {
    if (run.offset < end || run.offset + run.length > size)
      throw invalidArchive('the map of a sparse file is out of order or out of bounds')
    end = run.offset + run.length
    total += run.length
  }
  if (total !== stored) throw invalidArchive(`the map of a sparse file names ${total} bytes, but ${stored} are stored`)
  return runs.filter((run) => run.length > 0)
}

/**
 * Old GNU format (type `S`): four runs in the header at 386, then blocks of 21 as long as the flag says.
 * Returns the runs of one block, and whether another follows.
 */
export function oldGnuRuns(
  block: Buffer,
  kind: 'header' | 'extension',
): { readonly runs: SparseRun[]; readonly more: boolean } {
  const start = kind === 'header' ? 386 : 0
  const count = kind === 'header' ? 4 : 21
  const runs: SparseRun[] = []
  for (let index = 0; index < count; index++) {
    const at = start + index * 24
    if (block[at] === 0) break
    const run = {
      offset: fieldNumber(block, at, 12, 'sparse offset'),
      length: fieldNumber(block, at + 12, 12, 'sparse length'),
    }
    if (run.offset < 0 || run.length < 0) throw invalidArchive('the map of a sparse file holds a negative number')
    runs.push(run)
  }
  return { runs, more: block[start + count * 24] !== 0 }
}

/** Fails when a map has grown past what a real sparse file needs (security 12). */
export function checkRunCount(count: number): void {
  if (count > maxRuns)
    throw archiveTooLarge(`the map of a sparse file has more than ${maxRuns} entries`, 'pack it again without --sparse')
}

function sparseNumber(text: string): number {
  const value = Number(text)
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value))
    throw invalidArchive(`"${text.slice(0, 40)}" is not a number of a sparse map`)
  return value
}

/** PAX formats 0.0 and 0.1: `offset,length,…` in a record. */
export function parseSparseList(numbers: readonly string[]): SparseRun[] {
  if (numbers.length % 2 !== 0) throw invalidArchive('the map of a sparse file lacks a length')
  checkRunCount(numbers.length / 2)
  const runs: SparseRun[] = []
  for (let index = 0; index < numbers.length; index += 2) {
    runs.push({ offset: sparseNumber(numbers[index] ?? ''), length: sparseNumber(numbers[index + 1] ?? '') })
  }
  return runs
}

/**
 * PAX format 1.0: the map stands before the bytes, as decimal lines (count, then offset and length of each run),
 * padded to whole blocks. Give it block by block; `runs` is set once the map is complete.
 */
export class SparseMapText {
  #text = ''
  readonly #numbers: string[] = []

  add(block: Buffer): SparseRun[] | undefined {
    const lines = (this.#text + block.toString('latin1')).split('\n')
    this.#text = lines.pop() ?? ''
    if (this.#text.length > 512) throw invalidArchive('the map of a sparse file is malformed')
    for (const line of lines) {
      this.#numbers.push(line)
      const count = sparseNumber(this.#numbers[0] ?? '')
      checkRunCount(count)
      if (this.#numbers.length === 2 * count + 1) return parseSparseList(this.#numbers.slice(1))
    }
    return undefined
  }
}
