import type { Instruction, Word } from './ast.ts'

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
        return instruction.flags
          .filter(({ name }) => name === 'mount')
          .flatMap((flag) => {
            const value = mountOptions(flag.value).get('from')
            return value === undefined ? [] : [{ text: value, span: flag.valueSpan }]
          })
      case 'onbuild':
        return stageReferences([instruction.trigger])
      default:
        return []
    }
  })
}

/** `K=V,K` of a --mount flag, keys in lower case; a bare key counts as `true`, quotes around a field go. */
export function mountOptions(value: string): Map<string, string> {
  const options = new Map<string, string>()
  for (const [field] of value.matchAll(/(?:"(?:[^"]|"")*"|[^,"])+/g)) {
    const text = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field
    const equals = text.indexOf('=')
    const key = (equals < 0 ? text : text.slice(0, equals)).trim().toLowerCase()
    options.set(key, equals < 0 ? 'true' : text.slice(equals + 1))
  }
  return options
}
