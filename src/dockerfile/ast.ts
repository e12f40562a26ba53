import type { EscapeCharacter } from '../../grammar/escape.ts'
import type { FlagName, InstructionKind } from '../../grammar/instructions.ts'
import type { MountOptionName } from '../../grammar/mounts.ts'
import type { Diagnostic, Span } from '../base/index.ts'

/** A piece of the file: its text after continuation lines are joined, and where it stands. Not expanded, quotes kept. */
export interface Word {
  readonly text: string
  readonly span: Span
}

/** `--name=value` without its quotes; `value` of a boolean flag is `true` or `false`. */
export interface Flag<K extends InstructionKind> {
  readonly name: FlagName<K>
  readonly value: string
  readonly span: Span
  /** The value alone; the whole flag when it has none. */
  readonly valueSpan: Span
}

/** `NAME=value` of ENV and LABEL. */
export interface Pair {
  readonly name: Word
  readonly value: Word
  readonly span: Span
}

/** `NAME` or `NAME=default` of ARG. */
export interface Assignment {
  readonly name: Word
  readonly value?: Word
  readonly span: Span
}

/** Text for the stage's shell, as one joined line. */
export interface ShellForm {
  readonly kind: 'shell'
  readonly text: string
  readonly span: Span
}

/** A JSON array of strings, decoded. */
export interface ExecForm {
  readonly kind: 'exec'
  readonly args: readonly Word[]
  readonly span: Span
}

export type Command = ShellForm | ExecForm

/** A `<<NAME` body. */
export interface Heredoc {
  readonly name: string
  /** False when any of the name is quoted. */
  readonly expand: boolean
  /** `<<-`: leading tabs of each line are to be cut; `content` still has them. */
  readonly chomp: boolean
  /** Number in front of `<<`, when there is one. */
  readonly descriptor?: number
  /** The lines between, each with its line end. */
  readonly content: string
  /** The word `<<NAME` on the instruction's line. */
  readonly span: Span
  readonly bodySpan: Span
}

/** `# longshore:workspace NAME… [root=DIR]`: of the build context, only what packages of a workspace need is taken. */
export interface WorkspaceDirective {
  /** Names and settings as written, not expanded. */
  readonly words: readonly Word[]
  /** The comment, `#` included. */
  readonly span: Span
}

interface InstructionBase<K extends InstructionKind> {
  readonly kind: K
  /** As written, e.g. `From`. */
  readonly keyword: Word
  /** The whole logical line, joined. */
  readonly text: string
  readonly span: Span
  readonly flags: readonly Flag<K>[]
}

export interface FromInstruction extends InstructionBase<'from'> {
  /** What the comments above say; that of FROM is about the whole stage. */
  readonly workspace?: WorkspaceDirective
  readonly image: Word
  /** `AS` as written, and the stage's name. */
  readonly alias?: { readonly as: Word; readonly name: Word }
}
export interface ArgInstruction extends InstructionBase<'arg'> {
  readonly assignments: readonly Assignment[]
}
export interface EnvInstruction extends InstructionBase<'env'> {
  readonly pairs: readonly Pair[]
  /** Written as `ENV name rest of line`. */
  readonly legacy: boolean
}
export interface LabelInstruction extends InstructionBase<'label'> {
  readonly pairs: readonly Pair[]
  readonly legacy: boolean
}
export interface MaintainerInstruction extends InstructionBase<'maintainer'> {
  readonly author: Word
}
/** `name=value` of a `--mount`, or a name alone. */
export interface MountOption {
  readonly name: MountOptionName
  /** The name as written, perhaps an alias. */
  readonly keyword: string
  /** Not expanded; absent for a name alone. The span of the whole value of the flag where quotes moved it. */
  readonly value?: Word
  readonly span: Span
}

/** One `--mount` of RUN taken apart. The last of a repeated option counts. */
export interface MountFlag {
  readonly options: readonly MountOption[]
  readonly span: Span
}

export interface RunInstruction extends InstructionBase<'run'> {
  /** The `--mount` flags, in the order of `flags`. */
  readonly mounts: readonly MountFlag[]
  readonly command: Command
  readonly heredocs: readonly Heredoc[]
}
export interface CmdInstruction extends InstructionBase<'cmd'> {
  readonly command: Command
}
export interface EntrypointInstruction extends InstructionBase<'entrypoint'> {
  readonly command: Command
}
export interface ShellInstruction extends InstructionBase<'shell'> {
  readonly command: ExecForm
}
export interface CopyInstruction extends InstructionBase<'copy'> {
  /** What the comments above say; that of FROM is about the whole stage. */
  readonly workspace?: WorkspaceDirective
  readonly sources: readonly Word[]
  readonly destination: Word
  readonly heredocs: readonly Heredoc[]
}
export interface AddInstruction extends InstructionBase<'add'> {
  /** What the comments above say; that of FROM is about the whole stage. */
  readonly workspace?: WorkspaceDirective
  readonly sources: readonly Word[]
  readonly destination: Word
  readonly heredocs: readonly Heredoc[]
}
export interface WorkdirInstruction extends InstructionBase<'workdir'> {
  readonly path: Word
}
export interface UserInstruction extends InstructionBase<'user'> {
  readonly user: Word
}
export interface ExposeInstruction extends InstructionBase<'expose'> {
  readonly ports: readonly Word[]
}
export interface VolumeInstruction extends InstructionBase<'volume'> {
  readonly paths: readonly Word[]
}
export interface StopsignalInstruction extends InstructionBase<'stopsignal'> {
  readonly signal: Word
}
export interface HealthcheckInstruction extends InstructionBase<'healthcheck'> {
  /** Absent for NONE. */
  readonly command?: Command
}
export interface OnbuildInstruction extends InstructionBase<'onbuild'> {
  readonly trigger: TriggerInstruction
}

/** What may start or follow a stage; FROM, MAINTAINER and ONBUILD cannot be triggers. */
export type TriggerInstruction =
  | ArgInstruction
  | EnvInstruction
  | LabelInstruction
  | RunInstruction
  | CmdInstruction
  | EntrypointInstruction
  | ShellInstruction
  | CopyInstruction
  | AddInstruction
  | WorkdirInstruction
  | UserInstruction
  | ExposeInstruction
  | VolumeInstruction
  | StopsignalInstruction
  | HealthcheckInstruction

/** One instruction of a Dockerfile. Plain data; every span is one of the source it was parsed from. */
export type Instruction = TriggerInstruction | FromInstruction | MaintainerInstruction | OnbuildInstruction

/** `# name=value` at the top of the file; `name` in lower case. */
export interface Directive {
  readonly name: 'syntax' | 'escape' | 'check'
  readonly value: string
  readonly span: Span
}

/**
 * A parsed Dockerfile. Instructions that could not be read are missing from `instructions` and present in
 * `diagnostics`, one each. Plain JSON, so that it can be kept on disk and read back without loading the parser.
 */
export interface ParsedDockerfile {
  readonly directives: readonly Directive[]
  readonly escape: EscapeCharacter
  readonly instructions: readonly Instruction[]
  readonly diagnostics: readonly Diagnostic[]
}
