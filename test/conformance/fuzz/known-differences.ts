import type { Refusing } from './compare.ts'
import { type Area, dockerfileText, type FuzzCase } from './fuzz-case.ts'

/** Text behind the array that an instruction's arguments begin with. */
const behindArray = /\]\s*(?:x|\]|,|# c|\["y"\])\s*$/m

/** Why Longshore and the BuildKit of 2021 come to different ends on purpose: what the Dockerfile has then, and the reason. */
const reasons: readonly { readonly has: RegExp; readonly refusing: Refusing; readonly reason: string }[] = [
  {
    has: /^\s*(?:ONBUILD\s+)?STOPSIGNAL\s[^\n]*(?:-1|65|100)/im,
    refusing: 'longshore',
    reason: 'by number, a signal that no system has was taken',
  },
  {
    has: /^\s*(?:ONBUILD\s+)?EXPOSE\s[^\n]*80\/tcp\/udp/im,
    refusing: 'longshore',
    reason: 'what follows a second slash was ignored',
  },
  {
    has: /^\s*(?:CMD|ENTRYPOINT|RUN)\s*$/im,
    refusing: 'longshore',
    reason: 'a command without a word was a shell that does nothing',
  },
  {
    has: /^\s*USER\s[\s\S]*^\s*WORKDIR\s/im,
    refusing: 'buildkit',
    reason: 'texts are not executed here, so nobody looks the owner of the directory up',
  },
  {
    has: behindArray,
    refusing: 'buildkit',
    reason: 'an array that is no list of strings was an error although more text followed it; now the whole is no JSON',
  },
  {
    has: behindArray,
    refusing: undefined,
    reason: 'what follows a JSON array was not looked at; now the whole is no JSON, so shell form',
  },
  {
    has: /\/\*|\*\//,
    refusing: 'buildkit',
    reason: 'a wildcard below a file was an error of the client that sends the context',
  },
  {
    has: /--chown=[a-z]|--chown=\d+:[a-z]/,
    refusing: 'longshore',
    reason: 'an unknown name was taken for 0 without a word; it is an error',
  },
  {
    has: /^\s*ONBUILD\s/im,
    refusing: 'longshore',
    reason: 'a trigger that no build could ever use is refused where it is written, not where it fires',
  },
]

/** The reason why a case may come out otherwise; undefined when there is none. */
export function knownDifference(each: FuzzCase, area: Area, refusing: Refusing): string | undefined {
  const text = dockerfileText(each, area)
  return reasons.find((known) => known.refusing === refusing && known.has.test(text))?.reason
}
