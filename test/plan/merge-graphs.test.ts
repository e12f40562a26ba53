import { expect, test } from 'vitest'
import { cachePolicy } from '../../src/engine/cache-policy.ts'
import { formatPlatform, type Platform } from '../../src/oci/index.ts'
import { mergeGraphs, planGraph, rootName, type StepGraph } from '../../src/plan/index.ts'
import { amd64, lowerText } from '../ir/lower-text.ts'

const arm64 = { os: 'linux', architecture: 'arm64' } as const

function graphFor(text: string, targetPlatform: Platform): StepGraph {
  const { result } = lowerText(text, { targetPlatform })
  if (result.kind !== 'program') throw new Error(`no program: ${JSON.stringify(result)}`)
  return planGraph(result.program, undefined, true)
}

function merged(...lines: readonly string[]): StepGraph {
  const text = lines.join('\n')
  return mergeGraphs([amd64, arm64].map((platform) => ({ platform, graph: graphFor(text, platform) })))
}

const labels = (graph: StepGraph): readonly string[] => graph.steps.map(({ label }) => label)

test('a stage of the build platform that asks for nothing of the target is there once', () => {
  const graph = merged(
    'FROM --platform=$BUILDPLATFORM base AS tools',
    'RUN make',
    'FROM base',
    'COPY --from=tools /out /out',
    'RUN true',
  )
  expect(labels(graph)).toEqual([
    '[linux/amd64 tools 2/2] RUN make',
    '[linux/amd64 stage-1 2/3] COPY --from=tools /out /out',
    '[linux/amd64 stage-1 3/3] RUN true',
    '[linux/arm64 stage-1 2/3] COPY --from=tools /out /out',
    '[linux/arm64 stage-1 3/3] RUN true',
  ])
  expect(graph.steps.map(({ files }) => files)).toEqual([
    undefined,
    { kind: 'step', step: 0 },
    undefined,
    { kind: 'step', step: 0 },
    undefined,
  ])
  expect(graph.targets.map(({ stage }) => formatPlatform(stage.platform))).toEqual(['linux/amd64', 'linux/arm64'])
  expect(graph.target).toBe(graph.targets[0])
})

test('one that declares an argument of the target is there for each', () => {
  const graph = merged(
    'FROM --platform=$BUILDPLATFORM base AS tools',
    'RUN shared',
    'ARG TARGETARCH',
    'RUN make',
    'FROM scratch',
    'COPY --from=tools /out /out',
  )
  expect(labels(graph)).toEqual([
    '[linux/amd64 tools 2/3] RUN shared',
    '[linux/amd64 tools 3/3] RUN make',
    '[linux/amd64 stage-1 2/2] COPY --from=tools /out /out',
    '[linux/amd64->arm64 tools 3/3] RUN make',
    '[linux/arm64 stage-1 2/2] COPY --from=tools /out /out',
  ])
  // Both begin with the shared step.
  expect([1, 3].map((at) => graph.steps[at]?.parent)).toEqual([
    { kind: 'step', step: 0 },
    { kind: 'step', step: 0 },
  ])
})

test('every step comes after those it needs, and stages have numbers of their own', () => {
  const graph = merged('FROM base AS one', 'RUN a', 'FROM one AS two', 'RUN b', 'FROM two', 'COPY --from=one /a /a')
  for (const step of graph.steps) {
    expect(graph.steps[step.index]).toBe(step)
    for (const root of [step.parent, step.files]) if (root?.kind === 'step') expect(root.step).toBeLessThan(step.index)
  }
  const indexes = graph.stages.map(({ stage }) => stage.index)
  expect(new Set(indexes).size).toBe(6)
  for (const { stage } of graph.stages) if (stage.base.kind === 'stage') expect(indexes).toContain(stage.base.stage)
  const chain = graph.targets[1]
  expect(chain?.stage.platform).toEqual(arm64)
  const parent = graph.stages.find(
    ({ stage }) => chain?.stage.base.kind === 'stage' && stage.index === chain.stage.base.stage,
  )
  expect(parent?.stage.platform).toEqual(arm64)
  expect(parent === undefined ? undefined : rootName(parent.result)).toBe('step 4')
})

test('a stage is chosen for --no-cache-filter by its number in the Dockerfile, for all platforms', () => {
  const graph = merged('FROM base AS one', 'RUN a', 'FROM base', 'COPY --from=one /a /a')
  const stagesOf = (name: string): number => {
    const request = { noCache: false, noCacheFilter: [name] }
    return cachePolicy({ request, host: { startedMs: 0 } }, graph).noCacheStages?.size ?? 0
  }
  expect(['0', 'one', '1', 'two'].map(stagesOf)).toEqual([2, 2, 2, 0])
})
