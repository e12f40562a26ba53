import type { MountOptionName } from '../../grammar/index.ts'
import type { Instruction, MountFlag, Word } from './ast.ts'

/** Words that may name another stage: images of FROM, values of COPY --from, and `from=` of RUN --mount. */
export function stageReferences(instructions: readonly Instruction[]): Word[] {
  return instructions.flatMap((instruction): Word[] => {
    switch (instruction.kind) {
      case 'from':
        return [instruction.image]
      case 'copy':
        return instruction.flags
          .filter(({ name }) => name === 'from')
          .map(({ value, valueSpan }) => ({ text: value, span: valueSpan }))
      case 'run':
        return instruction.mounts.flatMap((mount) => mountOption(mount, 'from') ?? [])
      case 'onbuild':
        return stageReferences([instruction.trigger])
      default:
        return []
    }
  })
}

/** The value of an option of a mount, not expanded; absent for an option that is not there or stands alone. */
export function mountOption(mount: MountFlag, name: MountOptionName): Word | undefined {
  return mount.options.findLast((option) => option.name === name)?.value
}
