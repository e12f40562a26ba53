import { parseCredentials, type RegistryAccess } from '../engine/registry-access.ts'
import type { RegistryFlags } from './flags.ts'

/** What the flags say about the registry. */
export function registryAccess(flags: RegistryFlags): RegistryAccess {
  const { tlsVerify, creds, authfile, certDir, retry } = flags
  return {
    ...(tlsVerify === undefined ? {} : { tlsVerify }),
    ...(creds === undefined ? {} : { credentials: parseCredentials(creds) }),
    ...(authfile === undefined ? {} : { authFile: authfile }),
    ...(certDir === undefined ? {} : { certDir }),
    ...(retry === undefined ? {} : { retries: retry }),
  }
}
