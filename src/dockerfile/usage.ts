import type { InstructionKind } from '../../grammar/index.ts'

/** How each instruction is written, for hints: the common form, with what to fill in in capitals. */
export const usage: Readonly<Record<InstructionKind, string>> = {
  from: 'FROM IMAGE or FROM IMAGE AS NAME',
  arg: 'ARG NAME or ARG NAME=DEFAULT',
  env: 'ENV NAME=VALUE',
  label: 'LABEL NAME=VALUE',
  maintainer: 'MAINTAINER NAME',
  run: 'RUN COMMAND or RUN ["PROGRAM", "ARGUMENT"]',
  cmd: 'CMD ["PROGRAM", "ARGUMENT"]',
  entrypoint: 'ENTRYPOINT ["PROGRAM", "ARGUMENT"]',
  shell: 'SHELL ["/bin/sh", "-c"]',
  copy: 'COPY SOURCE… DESTINATION',
  add: 'ADD SOURCE… DESTINATION',
  workdir: 'WORKDIR /PATH',
  user: 'USER NAME or USER NAME:GROUP',
  expose: 'EXPOSE PORT, e.g. EXPOSE 8080 or EXPOSE 53/udp',
  volume: 'VOLUME /PATH',
  stopsignal: 'STOPSIGNAL SIGTERM, or another signal',
  healthcheck: 'HEALTHCHECK CMD COMMAND, or HEALTHCHECK NONE',
  onbuild: 'ONBUILD INSTRUCTION, e.g. ONBUILD RUN make',
}
