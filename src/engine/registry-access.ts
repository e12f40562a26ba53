import { ToolError } from '../base/index.ts'

/** What a command says about the registry it talks to, beside what is configured. */
export interface RegistryAccess {
  /** False accepts any certificate, and plain http. */
  readonly tlsVerify?: boolean
  readonly credentials?: { readonly username: string; readonly password: string }
  /** A file of credentials that is looked into first. */
  readonly authFile?: string
  /** A directory of certificates, instead of those in certs.d. */
  readonly certDir?: string
  /** Every request is refused. */
  readonly offline?: boolean
  /** Where images of a registry are looked for before it is asked itself, `HOST[/FOLDER]`, by its name. */
  readonly mirrors?: Readonly<Record<string, readonly string[]>>
  /** A registry that has mirrors is not asked itself. */
  readonly onlyMirrors?: boolean
  /** Registries of which any certificate is taken, and plain http. */
  readonly insecureRegistries?: readonly string[]
  /** Files of certificates by registry, beside those of certs.d. */
  readonly certificates?: Readonly<
    Record<string, { readonly authority?: string; readonly identity?: { readonly cert: string; readonly key: string } }>
  >
  /** How often a failed request is sent again. */
  readonly retries?: number
  /** Wait before the first retry. */
  readonly retryDelayMs?: number
  /** Longest silence of a server. */
  readonly idleTimeoutMs?: number
}

/** Reads `--creds USER:PASSWORD`. Throws `ToolError` `usage`, which does not repeat it. */
export function parseCredentials(text: string): { readonly username: string; readonly password: string } {
  const colon = text.indexOf(':')
  if (colon > 0) return { username: text.slice(0, colon), password: text.slice(colon + 1) }
  throw new ToolError('usage', '--creds is not USER:PASSWORD', {
    hint: 'write --creds USER:PASSWORD, or log in once: longshore login REGISTRY',
  })
}
