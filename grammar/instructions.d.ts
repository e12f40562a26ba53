/** How a flag's value reads: any text, `true`/`false` (bare counts as true), or text that may be given several times. */
export type FlagType = 'text' | 'boolean' | 'list';
/** One `--name` of an instruction. `executed` is false for what parses but cannot be built yet. */
export interface FlagRule {
    readonly name: string;
    readonly type: FlagType;
    readonly executed: boolean;
}
/**
 * How an instruction's arguments read: `from` image and alias; `words` blanks separate; `assignments` NAME or NAME=value;
 * `pairs` NAME=value, or the old `NAME rest of line`; `text` the rest of the line; `command` shell or JSON form;
 * `exec` JSON form only; `health` NONE or CMD and a command; `trigger` another instruction.
 */
export type ArgumentShape = 'from' | 'words' | 'assignments' | 'pairs' | 'text' | 'command' | 'exec' | 'health' | 'trigger';
export interface InstructionRule {
    readonly keyword: string;
    readonly shape: ArgumentShape;
    readonly flags: readonly FlagRule[];
    /** A `words` instruction that also takes a JSON array of strings. */
    readonly json: boolean;
    /** `<<NAME` bodies are read after the line. */
    readonly heredoc: boolean;
    /** May follow ONBUILD. */
    readonly trigger: boolean;
    /** Fewest arguments, where the shape alone does not say it. */
    readonly atLeast: 1 | 2;
    readonly summary: string;
}
/** The 18 instructions of the language, by AST kind; flags and forms as of Dockerfile frontend 1.20 and later stable ones. */
export declare const instructionTable: {
    readonly from: {
        readonly json: false;
        readonly heredoc: false;
        readonly atLeast: 1;
        readonly keyword: 'FROM';
        readonly shape: 'from';
        readonly flags: readonly [{
            readonly name: 'platform';
            readonly type: 'text';
            readonly executed: true;
        }];
        readonly trigger: false;
        readonly summary: 'starts a stage from an image, an earlier stage or nothing';
    };
    readonly arg: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'ARG';
        readonly shape: 'assignments';
        readonly summary: 'declares a build argument';
    };
    readonly env: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'ENV';
        readonly shape: 'pairs';
        readonly summary: 'sets environment variables';
    };
    readonly label: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'LABEL';
        readonly shape: 'pairs';
        readonly summary: 'sets image labels';
    };
    readonly maintainer: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly atLeast: 1;
        readonly keyword: 'MAINTAINER';
        readonly shape: 'text';
        readonly trigger: false;
        readonly summary: 'names the author (deprecated)';
    };
    readonly run: {
        readonly json: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'RUN';
        readonly shape: 'command';
        readonly flags: readonly [{
            readonly name: 'mount';
            readonly type: 'list';
            readonly executed: false;
        }, {
            readonly name: 'network';
            readonly type: 'text';
            readonly executed: true;
        }, {
            readonly name: 'security';
            readonly type: 'text';
            readonly executed: false;
        }, {
            readonly name: 'device';
            readonly type: 'list';
            readonly executed: false;
        }];
        readonly heredoc: true;
        readonly summary: 'runs a command in the stage';
    };
    readonly cmd: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'CMD';
        readonly shape: 'command';
        readonly summary: 'default command of a container';
    };
    readonly entrypoint: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'ENTRYPOINT';
        readonly shape: 'command';
        readonly summary: 'program of a container';
    };
    readonly shell: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'SHELL';
        readonly shape: 'exec';
        readonly summary: 'shell of the shell form';
    };
    readonly copy: {
        readonly trigger: true;
        readonly keyword: 'COPY';
        readonly shape: 'words';
        readonly flags: readonly [{
            readonly name: 'from';
            readonly type: 'text';
            readonly executed: true;
        }, {
            readonly name: 'chown';
            readonly type: 'text';
            readonly executed: true;
        }, {
            readonly name: 'chmod';
            readonly type: 'text';
            readonly executed: true;
        }, {
            readonly name: 'link';
            readonly type: 'boolean';
            readonly executed: false;
        }, {
            readonly name: 'exclude';
            readonly type: 'list';
            readonly executed: false;
        }, {
            readonly name: 'parents';
            readonly type: 'boolean';
            readonly executed: false;
        }];
        readonly json: true;
        readonly heredoc: true;
        readonly atLeast: 2;
        readonly summary: 'copies files from the context, a stage or an image';
    };
    readonly add: {
        readonly trigger: true;
        readonly keyword: 'ADD';
        readonly shape: 'words';
        readonly flags: readonly [{
            readonly name: 'chown';
            readonly type: 'text';
            readonly executed: true;
        }, {
            readonly name: 'chmod';
            readonly type: 'text';
            readonly executed: true;
        }, {
            readonly name: 'link';
            readonly type: 'boolean';
            readonly executed: false;
        }, {
            readonly name: 'exclude';
            readonly type: 'list';
            readonly executed: false;
        }, {
            readonly name: 'checksum';
            readonly type: 'text';
            readonly executed: false;
        }, {
            readonly name: 'keep-git-dir';
            readonly type: 'boolean';
            readonly executed: false;
        }, {
            readonly name: 'unpack';
            readonly type: 'boolean';
            readonly executed: false;
        }];
        readonly json: true;
        readonly heredoc: true;
        readonly atLeast: 2;
        readonly summary: 'copies files and unpacks local archives';
    };
    readonly workdir: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'WORKDIR';
        readonly shape: 'text';
        readonly summary: 'sets and makes the working directory';
    };
    readonly user: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'USER';
        readonly shape: 'text';
        readonly summary: 'sets the user';
    };
    readonly expose: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'EXPOSE';
        readonly shape: 'words';
        readonly summary: 'documents ports';
    };
    readonly volume: {
        readonly flags: readonly [];
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'VOLUME';
        readonly shape: 'words';
        readonly json: true;
        readonly summary: 'declares volumes';
    };
    readonly stopsignal: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'STOPSIGNAL';
        readonly shape: 'text';
        readonly summary: 'signal that stops a container';
    };
    readonly healthcheck: {
        readonly json: false;
        readonly heredoc: false;
        readonly trigger: true;
        readonly atLeast: 1;
        readonly keyword: 'HEALTHCHECK';
        readonly shape: 'health';
        readonly flags: readonly [{
            readonly name: 'interval';
            readonly type: 'text';
            readonly executed: true;
        }, {
            readonly name: 'timeout';
            readonly type: 'text';
            readonly executed: true;
        }, {
            readonly name: 'start-period';
            readonly type: 'text';
            readonly executed: true;
        }, {
            readonly name: 'start-interval';
            readonly type: 'text';
            readonly executed: true;
        }, {
            readonly name: 'retries';
            readonly type: 'text';
            readonly executed: true;
        }];
        readonly summary: 'how to tell that a container works';
    };
    readonly onbuild: {
        readonly flags: readonly [];
        readonly json: false;
        readonly heredoc: false;
        readonly atLeast: 1;
        readonly keyword: 'ONBUILD';
        readonly shape: 'trigger';
        readonly trigger: false;
        readonly summary: 'keeps an instruction for images built on this one';
    };
};
/** The AST kind of an instruction: its keyword in lower case. */
export type InstructionKind = keyof typeof instructionTable;
/** Names of the flags that instruction `K` takes. */
export type FlagName<K extends InstructionKind> = (typeof instructionTable)[K]['flags'][number]['name'];
/** All kinds, in the order of the table. */
export declare const instructionKinds: readonly InstructionKind[];
/** True for a keyword in lower case. */
export declare function isInstructionKind(word: string): word is InstructionKind;
/** The rule of `kind`, with its literal types widened. */
export declare function instructionRule(kind: InstructionKind): InstructionRule;
/** Values that RUN --network takes. */
export declare const networkModes: readonly ['default', 'none', 'host'];
