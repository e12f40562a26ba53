import type { Instruction } from './ast.ts'
import type { Problems } from './problems.ts'

/** UnpinnedBase: an image of FROM without tag and digest, or with the tag `latest`. What a variable decides is left alone. */
export function lintBases(instructions: readonly Instruction[], problems: Problems): void {
  const stages = new Set<string>()
  for (const instruction of instructions) {
    if (instruction.kind !== 'from') continue
    const { image, alias } = instruction
    const name = image.text.slice(image.text.lastIndexOf('/') + 1)
    const isStage = stages.has(image.text.toLowerCase()) || image.text === 'scratch'
    if (alias !== undefined) stages.add(alias.name.text.toLowerCase())
    if (isStage || /[$@]/.test(image.text) || (name.includes(':') && !name.endsWith(':latest'))) continue
    const what = name.includes(':') ? 'has the tag latest' : 'has no tag'
    problems.warning(
      'unpinned-base',
      `base image "${image.text}" ${what}: it changes whenever a new one comes out`,
      image.span,
      {
        hint: 'name a version, for example debian:12, or a digest',
      },
    )
  }
}
