/** What `bench/compare.ts` lets each builder build. */
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Scenario {
  readonly name: string
  /** Makes the build directory; `size` scales the number of files and bytes (1 is the full size). */
  prepare(directory: string, size: number): void
  /** Changes it before each measured build; nothing for a no-op. */
  change?(directory: string, round: number): void
  /** A directory that no builder has seen for each build. */
  readonly cold?: true
  /** Steps that may run at once. */
  readonly parallel?: number
  /** What its RUN does, as a shell script: the part of the time that no builder can spare. `/out` is there. */
  bare?(size: number): string
}

/** The image that all scenarios but the cold ones start from: busybox, as /bin/sh and what the steps use. */
export function prepareBase(directory: string): void {
  const bin = join(directory, 'rootfs/bin')
  mkdirSync(bin, { recursive: true })
  copyFileSync('/bin/busybox', join(bin, 'busybox'))
  for (const name of ['sh', 'true', 'sleep', 'mkdir', 'dd', 'seq', 'cat']) symlinkSync('busybox', join(bin, name))
  dockerfile(directory, ['FROM scratch', 'COPY rootfs /'])
}

export const baseImage = 'bench-base'
const from = `FROM ${baseImage}`

export const scenarios: readonly Scenario[] = [
  {
    name: 'no-op, 12 steps',
    prepare(directory) {
      writeFileSync(join(directory, 'file'), 'text\n')
      const steps = Array.from({ length: 5 }, (_, at) => [`COPY file /file-${at}`, `RUN echo ${at} > /ran-${at}`])
      dockerfile(directory, [from, 'WORKDIR /app', 'ENV A=1', ...steps.flat()])
    },
  },
  {
    name: 'no-op, 20,000 files',
    prepare: manyFiles,
  },
  {
    name: 'one file of 20,000 edited',
    prepare: manyFiles,
    change: (directory, round) => writeFileSync(join(directory, 'tree/d7/f7'), `edited ${round}\n`),
  },
  {
    name: 'COPY of 20,000 new files',
    prepare: manyFiles,
    change: (directory, round) => writeFileSync(join(directory, 'tree/d7/f7'), `new ${round}\n`),
    cold: true,
  },
  {
    name: '20 trivial RUNs',
    prepare: (directory) =>
      dockerfile(directory, [from, 'COPY stamp /', ...Array.from({ length: 20 }, (_, at) => `RUN true ${at}`)]),
    change: stamp,
  },
  {
    name: 'RUN writing 30,000 files',
    prepare(directory, size) {
      dockerfile(directory, [from, 'COPY stamp /out/', `RUN ${writeFiles(size)}; cat /out/stamp > /out/1/1`])
    },
    bare: writeFiles,
    change: stamp,
  },
  {
    name: 'RUN writing 600 MB',
    prepare(directory, size) {
      dockerfile(directory, [from, 'COPY stamp /', `RUN ${writeBytes(size)} && cat /stamp >> /big`])
    },
    bare: writeBytes,
    change: stamp,
  },
  {
    name: '8 stages of one second',
    prepare(directory) {
      const names = Array.from({ length: 8 }, (_, at) => `s${at}`)
      const stages = names.map((name) => [`${from} AS ${name}`, 'COPY stamp /', `RUN sleep 1; echo ${name} > /${name}`])
      const copies = names.map((name) => `COPY --from=${name} /${name} /`)
      dockerfile(directory, [...stages.flat(), 'FROM scratch', ...copies])
    },
    change: stamp,
    parallel: 8,
  },
]

function writeFiles(size: number): string {
  return `for d in $(seq ${Math.round(300 * size)}); do mkdir -p /out/$d; for f in $(seq 100); do echo $d $f > /out/$d/$f; done; done`
}

function writeBytes(size: number): string {
  return `dd if=/dev/zero of=/big bs=1M count=${Math.round(600 * size)}`
}

function manyFiles(directory: string, size: number): void {
  const directories = Math.max(8, Math.round(200 * size))
  for (let d = 0; d < directories; d++) {
    mkdirSync(join(directory, `tree/d${d}`), { recursive: true })
    for (let f = 0; f < 100; f++) writeFileSync(join(directory, `tree/d${d}/f${f}`), `file ${d} ${f}\n`.repeat(60))
  }
  dockerfile(directory, [from, 'COPY tree /tree'])
}

function stamp(directory: string, round: number): void {
  writeFileSync(join(directory, 'stamp'), `${process.pid} ${round}\n`)
}

function dockerfile(directory: string, lines: readonly string[]): void {
  writeFileSync(join(directory, 'Dockerfile'), `${lines.join('\n')}\n`)
}
