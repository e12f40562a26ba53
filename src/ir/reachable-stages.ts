import { stageReferences } from '../dockerfile/index.ts'
import { expandWord } from './expand-word.ts'
import type { GlobalScope } from './global-scope.ts'
import { findStage, type SourceStage } from './split-stages.ts'

/** The target and all stages it needs by FROM, COPY --from and RUN --mount, in the order of the file. Asks for no image. */
export function reachableStages(
  stages: readonly SourceStage[],
  target: SourceStage,
  globals: GlobalScope,
): readonly SourceStage[] {
  const reached = new Set<SourceStage>()
  const queue = [target]
  for (let stage = queue.pop(); stage !== undefined; stage = queue.pop()) {
    if (reached.has(stage)) continue
    reached.add(stage)
    const image = expandWord(stage.from.image.text, globals.escape, globals.lookup)
    const base = image.kind === 'expanded' ? findStage(stages, image.text, stage.index) : undefined
    if (base !== undefined) queue.push(base)
    for (const { text } of stageReferences(stage.instructions)) {
      const index = /^\d+$/.test(text) ? Number(text) : -1
      const found = index >= 0 && index < stage.index ? stages[index] : findStage(stages, text, stage.index)
      if (found !== undefined) queue.push(found)
    }
  }
  return stages.filter((stage) => reached.has(stage))
}
