/** How a flag's value reads: any text, `true`/`false` (bare counts as true), or text that may be given several times. */
export type FlagType = 'text' | 'boolean' | 'list'

/** One `--name` of an instruction. `executed` is false for what parses but cannot be built yet. */
export interface FlagRule {
  readonly name: string
  readonly type: FlagType
  readonly executed: boolean
}

/**
 * How an instruction's arguments read: `from` image and alias; `words` blanks separate; `assignments` NAME or NAME=value;
 * `pairs` NAME=value, or the old `NAME rest of line`; `text` the rest of the line; `command` shell or JSON form;
 * `exec` JSON form only; `health` NONE or CMD and a command; `trigger` another instruction.
 */
export type ArgumentShape =
  | 'from'
  | 'words'
  | 'assignments'
  | 'pairs'
  | 'text'
  | 'command'
  | 'exec'
  | 'health'
  | 'trigger'

export interface InstructionRule {
  readonly keyword: string
  readonly shape: ArgumentShape
  readonly flags: readonly FlagRule[]
  /** A `words` instruction that also takes a JSON array of strings. */
  readonly json: boolean
  /** `<<NAME` bodies are read after the line. */
  readonly heredoc: 'none' | 'built'
  /** May follow ONBUILD. */
  readonly trigger: boolean
  /** Fewest arguments, where the shape alone does not say it. */
  readonly atLeast: 1 | 2
  readonly summary: string
}

const plain = { flags: [], json: false, heredoc: 'none', trigger: true, atLeast: 1 } as const

const copyFlags = [
  { name: 'chown', type: 'text', executed: true },
  { name: 'chmod', type: 'text', executed: true },
  { name: 'link', type: 'boolean', executed: true },
  { name: 'exclude', type: 'list', executed: true },
] as const

/** The 18 instructions of the language, by AST kind; flags and forms as of Dockerfile frontend 1.20 and later stable ones. */
export const instructionTable = {
  from: {
    ...plain,
    keyword: 'FROM',
    shape: 'from',
    flags: [{ name: 'platform', type: 'text', executed: true }],
    trigger: false,
    summary: 'starts a stage from an image, an earlier stage or nothing',
  },
  arg: { ...plain, keyword: 'ARG', shape: 'assignments', summary: 'declares a build argument' },
  env: { ...plain, keyword: 'ENV', shape: 'pairs', summary: 'sets environment variables' },
  label: { ...plain, keyword: 'LABEL', shape: 'pairs', summary: 'sets image labels' },
  maintainer: {
    ...plain,
    keyword: 'MAINTAINER',
    shape: 'text',
    trigger: false,
    summary: 'names the author (deprecated)',
  },
  run: {
    ...plain,
    keyword: 'RUN',
    shape: 'command',
    flags: [
      { name: 'mount', type: 'list', executed: true },
      { name: 'network', type: 'text', executed: true },
      { name: 'security', type: 'text', executed: true },
      { name: 'device', type: 'list', executed: false },
    ],
    heredoc: 'built',
    summary: 'runs a command in the stage',
  },
  cmd: { ...plain, keyword: 'CMD', shape: 'command', summary: 'default command of a container' },
  entrypoint: { ...plain, keyword: 'ENTRYPOINT', shape: 'command', summary: 'program of a container' },
  shell: { ...plain, keyword: 'SHELL', shape: 'exec', summary: 'shell of the shell form' },
  copy: {
    ...plain,
    keyword: 'COPY',
    shape: 'words',
    flags: [
      { name: 'from', type: 'text', executed: true },
      ...copyFlags,
      { name: 'parents', type: 'boolean', executed: true },
    ],
    json: true,
    heredoc: 'built',
    atLeast: 2,
    summary: 'copies files from the context, a stage or an image',
  },
  add: {
    ...plain,
    keyword: 'ADD',
    shape: 'words',
    flags: [
      ...copyFlags,
      { name: 'checksum', type: 'text', executed: true },
      { name: 'keep-git-dir', type: 'boolean', executed: true },
      { name: 'unpack', type: 'boolean', executed: true },
    ],
    json: true,
    heredoc: 'built',
    atLeast: 2,
    summary: 'copies files, unpacks local archives, fetches URLs and git repositories',
  },
  workdir: { ...plain, keyword: 'WORKDIR', shape: 'text', summary: 'sets and makes the working directory' },
  user: { ...plain, keyword: 'USER', shape: 'text', summary: 'sets the user' },
  expose: { ...plain, keyword: 'EXPOSE', shape: 'words', summary: 'documents ports' },
  volume: { ...plain, keyword: 'VOLUME', shape: 'words', json: true, summary: 'declares volumes' },
  stopsignal: { ...plain, keyword: 'STOPSIGNAL', shape: 'text', summary: 'signal that stops a container' },
  healthcheck: {
    ...plain,
    keyword: 'HEALTHCHECK',
    shape: 'health',
    flags: [
      { name: 'interval', type: 'text', executed: true },
      { name: 'timeout', type: 'text', executed: true },
      { name: 'start-period', type: 'text', executed: true },
      { name: 'start-interval', type: 'text', executed: true },
      { name: 'retries', type: 'text', executed: true },
    ],
    summary: 'how to tell that a container works',
  },
  onbuild: {
    ...plain,
    keyword: 'ONBUILD',
    shape: 'trigger',
    trigger: false,
    summary: 'keeps an instruction for images built on this one',
  },
} as const satisfies Readonly<Record<string, InstructionRule>>

/** The AST kind of an instruction: its keyword in lower case. */
export type InstructionKind = keyof typeof instructionTable

/** Names of the flags that instruction `K` takes. */
export type FlagName<K extends InstructionKind> = (typeof instructionTable)[K]['flags'][number]['name']

/** All kinds, in the order of the table. */
export const instructionKinds: readonly InstructionKind[] = Object.keys(instructionTable).filter(isInstructionKind)

/** True for a keyword in lower case. */
export function isInstructionKind(word: string): word is InstructionKind {
  return Object.hasOwn(instructionTable, word)
}

/** The rule of `kind`, with its literal types widened. */
export function instructionRule(kind: InstructionKind): InstructionRule {
  return instructionTable[kind]
}

/** Values that RUN --network takes. */
export const networkModes = ['default', 'none', 'host'] as const
