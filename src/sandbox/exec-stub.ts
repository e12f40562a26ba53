import { elfFile, listedBytes, listedWords } from './elf-program.ts'

/**
 * The last program of the builtin isolation before the container's own: some 260 bytes that need no library. Nothing of
 * the host can play its part: whatever runs with the container's environment before the root has changed would obey
 * its LD_PRELOAD with host privileges, and after the change only the container's files are there.
 *
 * Called as `stub K=V… "" path argv0 argument…` with descriptor 3 a status pipe and 4 the command's stderr, it does
 *
 *     dup3(4, 2, 0); close(4); close_range(3, ~0, CLOSE_RANGE_CLOEXEC); fcntl(3, F_SETFD, FD_CLOEXEC)
 *     write(3, "\1", 1)
 *     execve(path, {argv0, argument…}, {K=V…}); write(3, &errno, 1); exit_group(127)
 *
 * so no descriptor that our own caller left open reaches the container (close_range needs Linux 5.11), and the status
 * pipe ends with \1 when the command runs, and with \1 and the errno when it could not be executed.
 */
export function execStub(arch: string): Uint8Array | undefined {
  const program = programs[arch]
  return program === undefined ? undefined : elfFile(program.machine, Buffer.from(program.code, 'hex'))
}

/** A program that ends at once with 0, for trials; undefined for a processor we have none for. */
export function exitProgram(arch: string): Uint8Array | undefined {
  // exit_group(0)
  if (arch === 'x64') return elfFile(62, Buffer.from('31ffb8e70000000f05', 'hex'))
  if (arch === 'arm64') return elfFile(183, Buffer.from(listedWords('d2800000 d2800bc8 d4000001'), 'hex'))
  return undefined
}

/** The byte that stands for "the command is being executed" on the status pipe. */
export const execMark = 1

/** Machine code and ELF machine number per processor, as Node names it. Tests run this machine's and pin the other. */
const programs: Readonly<Record<string, { readonly machine: number; readonly code: string }>> = {
  x64: {
    machine: 62,
    code: listedBytes(`
      4c8d642410 4c89e3            /* lea r12,[rsp+16]; mov rbx,r12        r12 = envp              */
      488b03 4883c308 803800 75f4  /* until *[rbx] is "": rbx += 8                                 */
      488363f800                   /* and qword [rbx-8],0                  ends envp               */
      6a01 4889e5                  /* push 1; mov rbp,rsp                                          */
      6a045f 6a025e 31d2           /* rdi=4 rsi=2 rdx=0                                            */
      b824010000 0f05              /* dup3                                                         */
      6a0358 0f05                  /* close                                                        */
      6a035f 6aff5e 6a045a         /* rdi=3 rsi=~0 rdx=CLOSE_RANGE_CLOEXEC                         */
      b8b4010000 0f05              /* close_range                                                  */
      6a035f 6a025e 6a015a         /* rdi=3 rsi=F_SETFD rdx=FD_CLOEXEC                             */
      6a4858 0f05                  /* fcntl                                                        */
      4889ee 6a0158 0f05           /* rsi=rbp; write                                               */
      488b3b 488d7308 4c89e2       /* rdi=[rbx] rsi=rbx+8 rdx=r12                                  */
      6a3b58 0f05                  /* execve                                                       */
      f7d8 894500                  /* neg eax; mov [rbp],eax                                       */
      6a035f 4889ee 6a015a         /* rdi=3 rsi=rbp rdx=1                                          */
      6a0158 0f05                  /* write                                                        */
      6a7f5f b8e7000000 0f05       /* exit_group(127)                                              */
    `),
  },
  arm64: {
    machine: 183,
    code: listedWords(`
      910043f3 aa1303f4            /* add x19,sp,#16; mov x20,x19          x19 = envp              */
      f8408680 39400001 35ffffc1   /* until *[x20] is "": x20 += 8                                 */
      f81f829f                     /* stur xzr,[x20,#-8]                   ends envp               */
      d2800035 f81f0ff5            /* mov x21,#1; str x21,[sp,#-16]!                               */
      d2800080 d2800041 d2800002   /* x0=4 x1=2 x2=0                                               */
      d2800308 d4000001            /* dup3                                                         */
      d2800080 d2800728 d4000001   /* close(4)                                                     */
      d2800060 12800001 d2800082   /* x0=3 x1=~0 x2=CLOSE_RANGE_CLOEXEC                            */
      d2803688 d4000001            /* close_range                                                  */
      d2800060 d2800041 d2800022   /* x0=3 x1=F_SETFD x2=FD_CLOEXEC                                */
      d2800328 d4000001            /* fcntl                                                        */
      d2800060 910003e1 d2800022   /* x0=3 x1=sp x2=1                                              */
      d2800808 d4000001            /* write                                                        */
      f9400280 91002281 aa1303e2   /* x0=[x20] x1=x20+8 x2=x19                                     */
      d2801ba8 d4000001            /* execve                                                       */
      cb0003e0 f90003e0            /* neg x0,x0; str x0,[sp]                                       */
      d2800060 910003e1 d2800022   /* x0=3 x1=sp x2=1                                              */
      d2800808 d4000001            /* write                                                        */
      d2800fe0 d2800bc8 d4000001   /* exit_group(127)                                              */
    `),
  },
}
