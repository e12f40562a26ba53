import { formatPlatform, type Platform } from '../oci/index.ts'
import type { ProgramOptions } from './types.ts'

/** Names that are given to RUN without being declared, and stay out of keys and history. */
export const proxyNames: readonly string[] = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'FTP_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
].flatMap((name) => [name, name.toLowerCase()])

/** A build argument that the user gave; undefined when not given. An inherited object property is none. */
export function givenArg(options: ProgramOptions, name: string): string | undefined {
  return Object.hasOwn(options.buildArgs, name) ? options.buildArgs[name] : undefined
}

/** The platform arguments that exist in the global scope without being declared, build arguments of their names applied. */
export function predefinedArgs(options: ProgramOptions): Map<string, string> {
  const args = new Map<string, string>([
    ...platformArgs('BUILD', options.buildPlatform),
    ...platformArgs('TARGET', options.targetPlatform),
    ['TARGETSTAGE', options.target ?? 'default'],
  ])
  for (const name of args.keys()) {
    const given = givenArg(options, name)
    if (given !== undefined) args.set(name, given)
  }
  return args
}

function platformArgs(prefix: 'BUILD' | 'TARGET', platform: Platform): [string, string][] {
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}OSVERSION`, platform.osVersion ?? ''],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ]
}

/** `K=V` of the proxies the user gave, each in both cases of its name; one given in its own case wins. */
export function givenProxies(options: ProgramOptions): Map<string, string> {
  const proxies = new Map<string, string>()
  for (const name of proxyNames) {
    const other = name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase()
    const value = givenArg(options, name) ?? givenArg(options, other)
    if (value !== undefined) proxies.set(name, value)
  }
  return proxies
}
