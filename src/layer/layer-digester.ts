import { type ChildProcess, fork } from 'node:child_process'
import pLimit from 'p-limit'
import type { LayerDigests, OverlayXattrs } from '../ports/index.ts'
import { digestLayer, digestSmallLayer } from './digest-layer.ts'
import { type DigestAnswer, type DigestJob, decodeAnswer } from './digest-message.ts'

/** Takes less time than waking a process up, and much less than starting one. */
const smallBytes = 2 * 1024 * 1024

/** Digests layers beside what else goes on: small ones at once, others in processes of their own. */
export interface LayerDigester {
  /** As `digestLayer`. Rejects with the reason of `signal`. */
  digest(directory: string, overlay: OverlayXattrs, signal: AbortSignal): Promise<LayerDigests>
  /** Starts a process when there is none, since a large layer may come. */
  warmUp(): void
  /** Ends the processes. */
  close(): void
}

/**
 * A digester of process `pid`, which is this one, with up to `processes` others that run `program`
 * (`digest-process.ts`); none starts before it is needed.
 */
export function layerDigester(program: string, pid: number, processes: number): LayerDigester {
  const limit = pLimit(processes)
  const idle: ChildProcess[] = []
  const all = new Set<ChildProcess>()

  const start = (): ChildProcess => {
    const child = fork(program, { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    all.add(child)
    // One that breaks is done without, whether it is asked something then or idle.
    const gone = (): void => {
      all.delete(child)
      const at = idle.indexOf(child)
      if (at !== -1) idle.splice(at, 1)
    }
    child.on('error', gone).on('exit', gone).on('disconnect', gone)
    rest(child)
    return child
  }
  const elsewhere = async (job: DigestJob, signal: AbortSignal): Promise<LayerDigests> => {
    signal.throwIfAborted()
    const child = idle.pop() ?? start()
    const answer = await ask(child, job, signal)
    if (answer === undefined) child.kill('SIGKILL')
    else idle.push(child)
    signal.throwIfAborted()
    // What another cannot read is an error that this process meets and throws.
    return answer?.kind === 'digested' ? answer.digests : digestLayer(job.directory, job)
  }

  return {
    async digest(directory, overlay, signal) {
      const small = digestSmallLayer(directory, { overlay }, smallBytes)
      return small ?? limit(() => elsewhere({ directory, overlay, from: pid }, signal))
    },
    warmUp() {
      if (all.size === 0) idle.push(start())
    },
    close() {
      for (const child of all) child.kill('SIGKILL')
    },
  }
}

/** Nothing of this process waits for one that has nothing to do. */
function rest(child: ChildProcess): void {
  child.unref()
  child.channel?.unref()
}

/** What the other says; undefined when it broke, or is not waited for any more. */
function ask(child: ChildProcess, job: DigestJob, signal: AbortSignal): Promise<DigestAnswer | undefined> {
  return new Promise((resolve) => {
    const done = (message?: unknown): void => {
      child.off('message', done).off('exit', giveUp).off('error', giveUp)
      signal.removeEventListener('abort', giveUp)
      rest(child)
      resolve(message === undefined ? undefined : decodeAnswer(message))
    }
    const giveUp = (): void => done()
    signal.addEventListener('abort', giveUp)
    child.ref()
    child.channel?.ref()
    child.on('message', done).on('exit', giveUp).on('error', giveUp)
    if (!child.connected) giveUp()
    else child.send(job, (error) => (error === null ? undefined : giveUp()))
  })
}
