import { ToolError } from '../base/index.ts'
import { elfFile, listedBytes, listedWords } from './elf-program.ts'

/** Where a container sees the program of `initProgram`. */
export const initPath = '/dev/.init'

/**
 * The first process of a container that is to have one (`--init`): some 220 bytes that need no library, so that nothing has to be
 * installed. Called as `init path argv0 argument…`, it starts that program and does what tini does: signals are passed on to it (not
 * SIGTTIN and SIGTTOU), every process that ended is waited for, and when the program ends, so does it, with its exit code, or 128 and
 * the number of the signal that killed it. The program has a process group of its own, the terminal's when there is one.
 *
 *     rt_sigprocmask(SIG_BLOCK, &all, &old, 8)
 *     if ((child = fork()) == 0) {
 *       setpgid(0, 0); pid = getpid(); ioctl(0, TIOCSPGRP, &pid); rt_sigprocmask(SIG_SETMASK, &old, NULL, 8)
 *       execve(argv[1], argv + 2, envp); exit_group(errno == ENOENT ? 127 : 126)
 *     }
 *     for (;;) {
 *       signal = rt_sigtimedwait(&all, NULL, NULL, 8)
 *       if (signal == SIGCHLD) while ((pid = wait4(-1, &status, WNOHANG, NULL)) > 0)
 *         { if (pid == child) exit_group(status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff) }
 *       else if (signal > 0 && signal != SIGTTIN && signal != SIGTTOU) kill(child, signal)
 *     }
 *
 * Blocked signals reach the first process of a namespace too, which otherwise ignores what it has no handler for
 * (pid_namespaces(7)). Undefined for a processor we have none for.
 */
export function initProgram(arch: string): Uint8Array | undefined {
  const program = programs[arch]
  return program === undefined ? undefined : elfFile(program.machine, Buffer.from(program.code, 'hex'))
}

/** The same. Throws `ToolError` `not-supported` for a processor we have none for. */
export function initFor(arch: string): Uint8Array {
  const program = initProgram(arch)
  if (program !== undefined) return program
  throw new ToolError('not-supported', `--init is not there for the processor ${arch}`, {
    hint: 'leave it out, and let the image bring an init of its own, such as tini',
  })
}

/** Machine code and ELF machine number per processor, as Node names it. */
const programs: Readonly<Record<string, { readonly machine: number; readonly code: string }>> = {
  x64: {
    machine: 62,
    code: listedBytes(`
      4889e5                       /* mov rbp,rsp                          [rbp] = argc             */
      6aff 4889e6 50 4889e2        /* push ~0; rsi=&all; push; rdx=&old                            */
      31ff 6a08 415a 6a0e58 0f05   /* rdi=SIG_BLOCK r10=8; rt_sigprocmask                          */
      6a3958 0f05 85c0 7466        /* fork; jz child                                               */
      89c3                         /* ebx = child                                                  */
      488d7c2408 31f6 31d2         /* loop: rdi=&all rsi=0 rdx=0                                   */
      6a08 415a b880000000 0f05    /* r10=8; rt_sigtimedwait                                       */
      85c0 78e8                    /* js loop                                                      */
      83f811 7413                  /* SIGCHLD: je reap                                             */
      8d48eb 83f901 76db           /* SIGTTIN, SIGTTOU: jbe loop                                   */
      89df 89c6 6a3e58 0f05 ebd0   /* edi=child esi=signal; kill; jmp loop                         */
      6a015a 4531d2 6aff5f         /* reap: rdx=WNOHANG r10=0 rdi=-1                               */
      488d7424f0 6a3d58 0f05       /* rsi=&status; wait4                                           */
      85c0 7eb9 39d8 75e5          /* jle loop; jne reap                                           */
      8b4424f0 0fb6fc              /* eax=status edi=status>>8&0xff                                */
      83e07f 7406 8db880000000     /* killed: edi=128+signal                                       */
      b8e7000000 0f05              /* exit: exit_group                                             */
      31ff 31f6 6a6d58 0f05        /* child: rdi=0 rsi=0; setpgid                                  */
      6a2758 0f05 50 4889e2        /* getpid; push; rdx=&pid                                       */
      31ff be10540000 6a1058 0f05  /* rdi=0 rsi=TIOCSPGRP; ioctl                                   */
      58 6a025f 4889e6 31d2        /* pop; rdi=SIG_SETMASK rsi=&old rdx=0                          */
      6a08 415a 6a0e58 0f05        /* r10=8; rt_sigprocmask                                        */
      488b4500 488d54c510          /* rdx=envp                                                     */
      488b7d10 488d7518            /* rdi=argv[1] rsi=argv+2                                       */
      6a3b58 0f05                  /* execve                                                       */
      6a7e5f 83f8fe 75ab           /* edi=126; jne exit                                            */
      ffc7 eba7                    /* ENOENT: 127; jmp exit                                        */
    `),
  },
  arm64: {
    machine: 183,
    code: listedWords(`
      910003f3                     /* mov x19,sp                           [x19] = argc             */
      92800000 d10043ff f90007e0   /* all at sp+8, old at sp                                       */
      d2800000 910023e1 910003e2   /* x0=SIG_BLOCK x1=&all x2=&old                                 */
      d2800103 d28010e8 d4000001   /* x3=8; rt_sigprocmask                                         */
      d2800220 d2800001 d2800002   /* x0=SIGCHLD x1=0 x2=0                                         */
      d2800003 d2800004            /* x3=0 x4=0                                                    */
      d2801b88 d4000001 b4000480   /* clone; cbz child                                             */
      aa0003f4                     /* x20 = child                                                  */
      910023e0 d2800001 d2800002   /* loop: x0=&all x1=0 x2=0                                      */
      d2800103 d2801128 d4000001   /* x3=8; rt_sigtimedwait                                        */
      b7ffff40                     /* negative: loop                                               */
      f100441f 54000120            /* SIGCHLD: b.eq reap                                           */
      d1005401 f100043f 54fffea9   /* SIGTTIN, SIGTTOU: b.ls loop                                  */
      aa0003e1 aa1403e0            /* x1=signal x0=child                                           */
      d2801028 d4000001 17fffff0   /* kill; b loop                                                 */
      92800000 d10043e1 d2800022   /* reap: x0=-1 x1=&status x2=WNOHANG                            */
      d2800003 d2802088 d4000001   /* x3=0; wait4                                                  */
      f100001f 54fffd0d            /* b.le loop                                                    */
      eb14001f 54fffee1            /* b.ne reap                                                    */
      b85f03e1 53083c20            /* w1=status w0=status>>8&0xff                                  */
      72001821 54000040 11020020   /* killed: w0=128+signal                                        */
      d2800bc8 d4000001            /* exit: exit_group                                             */
      d2800000 d2800001            /* child: x0=0 x1=0                                             */
      d2801348 d4000001            /* setpgid                                                      */
      d2801588 d4000001 b81f03e0   /* getpid; pid at sp-16                                         */
      d2800000 d28a8201 d10043e2   /* x0=0 x1=TIOCSPGRP x2=&pid                                    */
      d28003a8 d4000001            /* ioctl                                                        */
      d2800040 910003e1 d2800002   /* x0=SIG_SETMASK x1=&old x2=0                                  */
      d2800103 d28010e8 d4000001   /* x3=8; rt_sigprocmask                                         */
      f9400263 8b030e62 91004042   /* x2=envp                                                      */
      f9400a60 91006261            /* x0=argv[1] x1=argv+2                                         */
      d2801ba8 d4000001            /* execve                                                       */
      b100081f d2800fc0 9a801400   /* x0=126, 127 for ENOENT                                       */
      17ffffe2                     /* b exit                                                       */
    `),
  },
}
