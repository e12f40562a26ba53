// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are Dockerfile words
import { describe, expect, it } from 'vitest'
import type { ContainerConfig } from '../../src/oci/index.ts'
import { type LowerSetup, operationsOf, problemsOf, stageOf } from './lower-text.ts'

const copyOf = (line: string, setup?: LowerSetup) => operationsOf('copy', `FROM a\n${line}`, setup).at(-1)
const configOf = (lines: string, base: ContainerConfig = {}) =>
  stageOf(`FROM a\n${lines}`, { images: { a: base } }).config
const historyOf = (lines: string) => stageOf(`FROM a\n${lines}`).operations.map((operation) => operation.createdBy)

describe('RUN', () => {
  it('runs shell form by the shell, exec form as it is; nothing is expanded', () => {
    const text = 'FROM a\nENV x=1\nRUN echo $x "$x" \\\n  y\nRUN ["echo", "$x"]\nSHELL ["bash", "-ec"]\nRUN z'
    expect(operationsOf('run', text).map((run) => run.args)).toEqual([
      ['/bin/sh', '-c', 'echo $x "$x"   y'],
      ['echo', '$x'],
      ['bash', '-ec', 'z'],
    ])
  })

  it('takes over shell, user and directory of the base', () => {
    const images = { a: { shell: ['x', '-c'], user: 'u:g', workingDir: '/w' } }
    const [run] = operationsOf('run', 'FROM a\nRUN y', { images })
    expect(run).toMatchObject({ args: ['x', '-c', 'y'], user: 'u:g', cwd: '/w', network: 'default' })
  })

  it('has network modes', () => {
    expect(operationsOf('run', 'FROM a\nRUN --network=none x\nRUN --network=host y').map((run) => run.network)).toEqual(
      ['none', 'host'],
    )
  })

  it('takes the host name from a build argument, declared or not', () => {
    const hostOf = (buildArgs: Readonly<Record<string, string>>) =>
      operationsOf('run', 'FROM a\nRUN x', { buildArgs })[0]?.hostname
    expect(hostOf({ BUILDKIT_SANDBOX_HOSTNAME: 'builder' })).toBe('builder')
    expect(hostOf({ BUILDKIT_SANDBOX_HOSTNAME: '' })).toBeUndefined()
    expect(hostOf({})).toBeUndefined()
  })

  it('writes the ARGs in scope into the history, each name once, as seen by the step', () => {
    expect(
      historyOf('ARG a=1\nARG b\nENV e=x\nARG a=2\nRUN x\nENV b=3\nRUN ["y", "z w"]').filter((entry) =>
        entry.startsWith('RUN'),
      ),
    ).toEqual(['RUN |2 a=2 b= /bin/sh -c x # buildkit', 'RUN |2 a=2 b=3 y z w # buildkit'])
  })

  it.each<[string, string, string]>([
    ['alone: the script', '<<EOF\necho $x\nFROM y\nEOF', 'echo $x\nFROM y\n'],
    ['alone and quoted', '<<"EOF"\necho $x\nEOF', 'echo $x\n'],
    ['alone with a dash: without tabs', '<<-EOF\n\techo\n\tEOF', 'echo\n'],
    ['with more words: put together again', 'cat <<-EOF > /x\n\ta\n\tEOF', 'cat <<-EOF > /x\n\ta\nEOF'],
    ['with a number', '3<<EOF\na\nEOF', '3<<EOF\na\nEOF'],
    ['several', '<<A cat <<B\na\nA\nb\nB', '<<A cat <<B\na\nA\nb\nB'],
  ])('gives a heredoc to the shell: %s', (_, text, script) => {
    expect(operationsOf('run', `FROM a\nRUN ${text}\nSHELL ["s"]`)[0]?.args).toEqual(['/bin/sh', '-c', script])
  })

  it('makes a heredoc with a #! line a program of its own', () => {
    const [run] = operationsOf('run', 'FROM a\nSHELL ["x"]\nRUN <<-EOF\n\t#!/bin/x\n\t$y\nEOF')
    expect(run).toMatchObject({ args: ['/dev/pipes/EOF'], script: { name: 'EOF', content: '#!/bin/x\n$y\n' } })
    expect(run?.createdBy).toBe('RUN /dev/pipes/EOF # buildkit')
    const [shell] = operationsOf('run', 'FROM a\nRUN cat <<EOF\n#!/bin/x\nEOF')
    expect(shell?.script).toBeUndefined()
  })

  it('knows its place', () => {
    const [run] = operationsOf('run', 'FROM a\n\n# c\nRUN a \\\n   # d\n   b\n')
    expect(run?.origin).toEqual({
      file: 'Dockerfile',
      span: { start: 12, end: 31 },
      startLine: 4,
      endLine: 6,
      text: 'RUN a b',
    })
  })
})

describe('COPY and ADD', () => {
  it.each<[string, string, readonly string[], string]>([
    ['relative to WORKDIR', 'WORKDIR /w\nCOPY a b', ['a'], '/w/b'],
    ['absolute', 'WORKDIR /w\nCOPY a /b', ['a'], '/b'],
    ['with the trailing slash kept', 'COPY a /b//c/', ['a'], '/b/c/'],
    ['dot', 'WORKDIR /w\nCOPY . .', ['.'], '/w/'],
    ['dot slash', 'WORKDIR /w\nCOPY ./ ./', ['.'], '/w/'],
    ['root', 'COPY a /', ['a'], '/'],
    ['above the root', 'COPY ../../a ../../../b', ['a'], '/b'],
    ['leading slash of sources', 'COPY /a/b/ //c /d/', ['a/b', 'c'], '/d/'],
    ['inner dots', 'COPY ./a/../b/./c /d', ['b/c'], '/d'],
    ['expanded', 'ENV x=f y="g h"\nCOPY $x "$y" ${x}*.txt /d/', ['f', 'g h', 'f*.txt'], '/d/'],
    ['an empty destination: WORKDIR', 'WORKDIR /w\nARG no\nCOPY a $no', ['a'], '/w/'],
    ['JSON form, expanded too', 'ENV x=f\nCOPY ["a b", "$x", "/d e/"]', ['a b', 'f'], '/d e/'],
    ['wildcards', 'COPY a[[]b? *.txt /d/', ['a[[]b?', '*.txt'], '/d/'],
    ['a whole stage', 'COPY / /x', ['.'], '/x'],
  ])('paths: %s', (_, lines, sources, destination) => {
    expect(copyOf(lines)).toMatchObject({ sources, destination })
  })

  it('keeps the span of each source', () => {
    const text = 'FROM a\nCOPY ab \\\n  "c" /d/'
    const [copy] = operationsOf('copy', text)
    expect(copy?.sourceSpans.map(({ start, end }) => text.slice(start, end))).toEqual(['ab', '"c"'])
  })

  it('keeps owner and mode, expanded', () => {
    expect(copyOf('ENV u=app m=755\nCOPY --chown=$u:$u --chmod=$m a b')).toMatchObject({
      chown: 'app:app',
      chmod: '755',
    })
    expect(copyOf('COPY a b')).not.toHaveProperty('chown')
  })

  it.each(['0', '644', '0755', '7777', '00644', 'u=rwX,go=rX', 'a+x', '+x', 'go-w', 'u=g', 'u+s,o=t'])(
    'takes mode %s',
    (mode) => {
      expect(copyOf(`COPY --chmod=${mode} a b`)?.chmod).toBe(mode)
    },
  )

  it.each(['9', '10000', '77777', 'x', 'u', 'u=q', 'rw', 'u=rw,', '0x1'])('refuses mode %s', (mode) => {
    expect(problemsOf(`FROM a\nCOPY --chmod=${mode} a b`)).toEqual([
      `invalid-chmod: invalid chmod parameter: '${mode}'. it should be octal string and between 0 and 07777`,
    ])
  })

  it('refuses owners of other forms', () => {
    expect(problemsOf('FROM a\nCOPY --chown=a:b:c x y')).toEqual([
      "invalid-chown: invalid chown parameter: 'a:b:c'. it should be user or user:group",
    ])
  })

  it('unpacks by ADD', () => {
    expect(copyOf('COPY a b')?.unpack).toBe(false)
    expect(copyOf('ADD a.tar b/')).toMatchObject({
      unpack: true,
      from: { kind: 'context' },
      createdBy: 'ADD a.tar b/ # buildkit',
    })
  })

  it('writes the history with words expanded and paths as given', () => {
    expect(historyOf('ENV x=f\nCOPY --chown=1 $x ./d/../g').at(-1)).toBe('COPY f ./d/../g # buildkit')
  })

  it.each<[string, string]>([
    ['COPY https://a/b c', "remote-source: source can't be a URL for COPY: https://a/b"],
    ['COPY git@github.com:a/b.git c', "remote-source: source can't be a git ref for COPY: git@github.com:a/b.git"],
    ['ADD --checksum=sha256:x a b', "invalid-checksum: checksum can't be specified for non-HTTP(S) or non-git sources"],
    ['RUN --device=x y', 'not-supported: RUN --device is not supported'],
  ])('says that it cannot: %s', (lines, problem) => {
    expect(problemsOf(`FROM a\n${lines}`)).toEqual([problem])
  })

  it('takes switches that are off', () => {
    expect(copyOf('COPY --link=false a b')).toBeDefined()
  })
})

describe('WORKDIR', () => {
  it('joins, replaces, and makes the directory as USER', () => {
    const text = 'FROM a\nWORKDIR /a//b\nUSER u\nWORKDIR ../c/\nENV d=e\nWORKDIR $d'
    expect(operationsOf('workdir', text).map(({ path, user, createdBy }) => [path, user, createdBy])).toEqual([
      ['/a/b', '', 'WORKDIR /a//b'],
      ['/a/c', 'u', 'WORKDIR /a/c'],
      ['/a/c/e', 'u', 'WORKDIR /a/c/e'],
    ])
    expect(stageOf(text).config.workingDir).toBe('/a/c/e')
  })

  it('is metadata alone for the root', () => {
    expect(stageOf('FROM a\nWORKDIR /a/..').operations).toMatchObject([
      { kind: 'metadata', createdBy: 'WORKDIR /a/..' },
    ])
  })

  it('starts from the directory of the base', () => {
    expect(configOf('WORKDIR x', { workingDir: '/base' }).workingDir).toBe('/base/x')
    expect(stageOf('FROM scratch').config.workingDir).toBe('/')
  })

  it('warns of a relative one only when none in this file came before', () => {
    expect(problemsOf('FROM a\nWORKDIR x\nWORKDIR y')).toEqual([
      'workdir-relative-path: Relative workdir "x" can have unexpected results if the base image changes',
    ])
    expect(problemsOf('FROM a AS b\nWORKDIR /x\nFROM b\nWORKDIR y')).toEqual([])
  })
})

describe('CMD and ENTRYPOINT', () => {
  it.each<[string, string, ContainerConfig, readonly string[] | undefined]>([
    ['keep the base', '', { cmd: ['b'] }, ['b']],
    ['ENTRYPOINT drops an inherited CMD', 'ENTRYPOINT ["e"]', { cmd: ['b'] }, undefined],
    ['but not one of this stage before it', 'CMD ["c"]\nENTRYPOINT ["e"]', { cmd: ['b'] }, ['c']],
    ['nor one after it', 'ENTRYPOINT ["e"]\nCMD ["c"]', { cmd: ['b'] }, ['c']],
    ['last CMD wins', 'CMD ["c"]\nCMD ["d"]', {}, ['d']],
    ['CMD [] clears', 'CMD []', { cmd: ['b'] }, undefined],
    ['shell form', 'CMD echo $x', {}, ['/bin/sh', '-c', 'echo $x']],
    ['shell form under SHELL', 'SHELL ["s", "-c"]\nCMD x', {}, ['s', '-c', 'x']],
  ])('%s', (_, lines, base, cmd) => {
    expect(configOf(lines, base).cmd).toEqual(cmd)
  })

  it('ENTRYPOINT drops the CMD of a parent stage', () => {
    expect(stageOf('FROM a AS p\nCMD ["x"]\nFROM p\nENTRYPOINT ["e"]').config).not.toHaveProperty('cmd')
  })

  it('clears the entrypoint by []', () => {
    expect(configOf('ENTRYPOINT []', { entrypoint: ['e'] })).not.toHaveProperty('entrypoint')
  })

  it('marks the arguments of CMD as escaped, as BuildKit does', () => {
    expect(configOf('CMD x').argsEscaped).toBe(true)
    expect(configOf('ENTRYPOINT x')).not.toHaveProperty('argsEscaped')
  })

  it('recommends JSON, unless the file or the base chose a shell', () => {
    const rule = (keyword: string) =>
      `json-args-recommended: JSON arguments recommended for ${keyword} to prevent unintended behavior related to OS signals`
    expect(problemsOf('FROM a\nCMD x')).toEqual([rule('CMD')])
    expect(problemsOf('FROM a\nENTRYPOINT x')).toEqual([rule('ENTRYPOINT')])
    expect(problemsOf('FROM a\nSHELL ["s"]\nCMD x')).toEqual([])
    expect(problemsOf('FROM a\nCMD x', { images: { a: { shell: ['s'] } } })).toEqual([])
  })
})

describe('the rest of the config', () => {
  it('folds everything', () => {
    const lines =
      'ENV p="90 91/udp" v=/v\nLABEL a=1 b="x y"\nLABEL a=2\nEXPOSE 80 $p 8-9\nVOLUME $v /w\nVOLUME ["/x y"]\n' +
      'USER u:g\nSTOPSIGNAL SIGINT\nMAINTAINER me <m@x>\nSHELL ["s", "-c"]'
    const stage = stageOf(`FROM a\n${lines}`, {
      images: { a: { exposedPorts: ['1/tcp'], volumes: ['/old'], labels: { z: '0' } } },
    })
    expect(stage.author).toBe('me <m@x>')
    expect(stage.config).toMatchObject({
      labels: { z: '0', a: '2', b: 'x y' },
      exposedPorts: ['1/tcp', '8/tcp', '80/tcp', '9/tcp', '90/tcp', '91/udp'],
      volumes: ['/old', '/v', '/w', '/x y'],
      user: 'u:g',
      stopSignal: 'SIGINT',
      shell: ['s', '-c'],
    })
  })

  it('reads HEALTHCHECK', () => {
    expect(
      configOf('HEALTHCHECK --interval=1m30s --timeout=0 --start-period=5s --start-interval=100ms --retries=3 CMD x $y')
        .healthcheck,
    ).toEqual({
      test: ['CMD-SHELL', 'x $y'],
      interval: 90e9,
      startPeriod: 5e9,
      startInterval: 1e8,
      retries: 3,
    })
    expect(configOf('HEALTHCHECK --interval= --retries=+3 --timeout= CMD x').healthcheck).toEqual({
      test: ['CMD-SHELL', 'x'],
      retries: 3,
    })
    expect(historyOf('HEALTHCHECK --interval=5s NONE')).toEqual([
      'HEALTHCHECK &{["NONE"] "0s" "0s" "0s" "0s" \'\\x00\'}',
    ])
    expect(configOf('HEALTHCHECK CMD ["x", "y"]').healthcheck).toEqual({ test: ['CMD', 'x', 'y'] })
    expect(configOf('HEALTHCHECK NONE', { healthcheck: { test: ['CMD', 'x'] } }).healthcheck).toEqual({
      test: ['NONE'],
    })
  })

  it.each<[string, string]>([
    ['EXPOSE 70000', 'invalid-port: invalid containerPort: 70000'],
    ['EXPOSE 80/foo', 'invalid-port: invalid proto: foo'],
    ['STOPSIGNAL SIGFOO', 'invalid-signal: Invalid signal: SIGFOO'],
    ['ARG no\nVOLUME $no', 'missing-arguments: VOLUME specified can not be an empty string'],
    [
      'ENV a="b',
      'invalid-substitution: failed to process ""b": unexpected end of statement while looking for matching double-quote',
    ],
    [
      'COPY "a b" c',
      'invalid-substitution: failed to process ""a": unexpected end of statement while looking for matching double-quote',
    ],
  ])('refuses %s', (lines, problem) => {
    expect(problemsOf(`FROM a\n${lines}`)).toEqual([problem])
  })

  it('reports a broken instruction once', () => {
    expect(problemsOf('FROM a\nCOPY --chown=a:b:c --chmod=x "a b" "c d"')).toHaveLength(1)
    expect(problemsOf('FROM a\nEXPOSE ${p:-80 81}')).toHaveLength(1)
    expect(problemsOf('FROM a\nENV a="x b=\'y')).toHaveLength(1)
  })

  it('reports each broken instruction, not the first alone', () => {
    expect(problemsOf('FROM a\nSTOPSIGNAL x\nCOPY --chmod=x a b\nEXPOSE y')).toHaveLength(3)
  })

  it('writes the history as BuildKit does', () => {
    const lines = [
      'MAINTAINER me <a@b>',
      'ARG A=1 ',
      'ARG B',
      'ENV E=$A F="x y"',
      'ENV legacy a  b $A',
      'LABEL l=$A m="q r"',
      'WORKDIR /abs/./x/../',
      'EXPOSE 80 443/udp 10-12',
      'VOLUME /v /w',
      'VOLUME ["/q r"]',
      'USER 1:1',
      'STOPSIGNAL SIGTERM',
      'SHELL ["/bin/sh","-x","-c"]',
      'CMD echo "hi"\té',
      'ENTRYPOINT ["/bin/sh", "-c"]',
      'HEALTHCHECK --interval=5s --retries=3 CMD exit 1',
      'HEALTHCHECK NONE',
      'CMD []',
    ]
    expect(historyOf(lines.join('\n'))).toEqual([
      'MAINTAINER me <a@b>',
      'ARG A=1',
      'ARG B',
      'ENV E=1 F=x y',
      'ENV legacy=a  b 1',
      'LABEL l=1 m=q r',
      'WORKDIR /abs/./x/../',
      'EXPOSE map[10/tcp:{} 11/tcp:{} 12/tcp:{} 443/udp:{} 80/tcp:{}]',
      'VOLUME [/v /w]',
      'VOLUME [/q r]',
      'USER 1:1',
      'STOPSIGNAL SIGTERM',
      'SHELL [/bin/sh -x -c]',
      'CMD ["/bin/sh" "-x" "-c" "echo \\"hi\\"\\té"]',
      'ENTRYPOINT ["/bin/sh" "-c"]',
      'HEALTHCHECK &{["CMD-SHELL" "exit 1"] "5s" "0s" "0s" "0s" \'\\x03\'}',
      'HEALTHCHECK &{["NONE"] "0s" "0s" "0s" "0s" \'\\x00\'}',
      'CMD []',
    ])
  })
})
