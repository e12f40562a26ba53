import { errnoCode } from '../base/index.ts'
import { setXattr } from '../sys/index.ts'
import { quoteName } from './byte-name.ts'
import { isLayerXattr } from './layer-xattrs.ts'
import type { TarHeader } from './tar-header.ts'

/** The filesystem keeps no such attribute, or none so large; or this process may not set it. */
const toleratedErrors = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'E2BIG', 'ENOSPC', 'ERANGE'])

/** Sets the xattrs of archive entries that layers carry (security 15), and warns once for each way in which that fails. */
export class XattrRestorer {
  readonly #warnings = new Map<string, string>()

  get warnings(): readonly string[] {
    return [...this.#warnings.values()]
  }

  restore(at: string | Buffer, header: TarHeader): void {
    for (const [name, value] of header.xattrs) {
      if (!isLayerXattr(name)) continue
      try {
        setXattr(at, name, value)
      } catch (error) {
        const code = errnoCode(error)
        if (code === undefined || !toleratedErrors.has(code)) throw error
        if (this.#warnings.has(code)) continue
        const what = `the extended attribute "${name}" of ${quoteName(header.name)}`
        this.#warnings.set(code, `${what} could not be set (${code}); others like it may be missing too`)
      }
    }
  }
}
