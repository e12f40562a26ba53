import type { Reporter, TestCase } from 'vitest/node'

/** In CI a skipped test is a failure: what a machine lacks has to be installed there. Says which were skipped. */
export class NoSkips implements Reporter {
  readonly #skipped: string[] = []

  onTestCaseResult(test: TestCase): void {
    if (test.result().state === 'skipped') this.#skipped.push(`${test.module.relativeModuleId}: ${test.fullName}`)
  }

  onTestRunEnd(): void {
    if (this.#skipped.length === 0) return
    process.stderr.write(`skipped, which CI does not allow:\n${this.#skipped.map((name) => `  ${name}\n`).join('')}`)
    process.exitCode = 1
  }
}
