import pLimit from 'p-limit'
import { ToolError } from '../base/index.ts'
import { copyParts, type Step, type StepGraph, type TreeSource, treeName } from '../plan/index.ts'
import type { TreePort } from './ports.ts'
import type { StepFailure } from './step-report.ts'

/** Trees that are fetched at the same time: they are few, and their servers may be one. */
const fetchesAtOnce = 4

/**
 * Fetches every tree that steps take files from, each once, before anything is looked up: what they hold is part of
 * the keys. Returns the steps whose tree could not be had, one for each tree.
 */
export async function fetchTrees(graph: StepGraph, trees: TreePort): Promise<readonly StepFailure[]> {
  const limit = pLimit(fetchesAtOnce)
  const wanted = new Map<string, { readonly source: TreeSource; readonly step: Step }>()
  for (const step of graph.steps) {
    const files = [
      ...(step.operation.kind === 'copy' ? [step.operation] : []),
      ...step.mounts.map(({ source }) => source),
    ]
    for (const { source } of files.flatMap((one) => copyParts(one))) {
      const name = treeName(source)
      if (!wanted.has(name)) wanted.set(name, { source, step })
    }
  }
  const failures: StepFailure[] = []
  const fetch = async (source: TreeSource, step: Step): Promise<void> => {
    try {
      const diagnostics = await trees.fetch(source)
      if (diagnostics.length > 0) failures.push({ step, diagnostics, outputTail: '' })
    } catch (error) {
      if (!(error instanceof ToolError) || error.code === 'canceled') throw error
      failures.push({ step, error, outputTail: '' })
    }
  }
  await Promise.all([...wanted.values()].map(({ source, step }) => limit(() => fetch(source, step))))
  return failures.sort((a, b) => a.step.index - b.step.index)
}
