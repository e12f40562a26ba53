import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { encodeHeader, type TarHeader } from '../../src/layer/tar-header.ts'
import { toolError } from './archive-builder.ts'

const base: TarHeader = {
  name: 'f',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtimeNs: 1_600_000_000_000_000_000n,
  linkName: '',
  major: 0,
  minor: 0,
  xattrs: [],
}

const d90n60 = `${'d'.repeat(90)}/${'n'.repeat(60)}`
const seconds = (value: bigint): bigint => value * 1_000_000_000n
const latin1 = (text: string): string => Buffer.from(text).toString('latin1')
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Length and sha256 of what Go 1.19's archive/tar writes for the same header with Format PAX, made once with its Writer. */
const written: readonly (readonly [string, Partial<TarHeader>, number, string])[] = [
  [
    'plain',
    { name: 'a/file', uid: 1, gid: 2 },
    512,
    '8e8e83135fd703d4b8d4e0a2f28cd0dada2240dd16c680c669465fe182136397',
  ],
  [
    'directory',
    { name: 'usr/', type: 'directory', mode: 0o1777 },
    512,
    'ee4ccf3536d1d3612e16f59eb059f71e8efbd0c3d0d73571a5a3be0a0153ee47',
  ],
  [
    'symlink',
    { name: 'l', type: 'symlink', linkName: '../x', mode: 0o777 },
    512,
    'f0f01eb354f9f8dd08565c7c297690b5c03e03152d238c0fd071cfd935bce5a8',
  ],
  [
    'device',
    { name: 'null', type: 'char', mode: 0o666, major: 1, minor: 3 },
    512,
    '2bf4a5f3105d00fb10cdc5e2ad30da215126d2e2cc3b7674a172b76ad792a4c2',
  ],
  [
    'name of 100',
    { name: 'd/'.repeat(40) + 'n'.repeat(20) },
    512,
    '583821edbe081d71ba1ee7a278b429d4cd6561d2dfdf619fddfc7d28e7bfca55',
  ],
  ['prefix', { name: d90n60 }, 512, 'baf61d33c1dd32cae4ed7f60c84215dce74c60b061cafe4e829c50a5d9ee1476'],
  [
    'prefix of a directory',
    { name: `${d90n60}/`, type: 'directory', mode: 0o755 },
    512,
    'f699a9dc8d4080fbf17bf243cb7b2d2668bf939e9e4ec626f257c97d08e61a2e',
  ],
  [
    'longest ustar name',
    { name: `${'d'.repeat(155)}/${'n'.repeat(100)}`, mode: 0o755 },
    512,
    '0bff60bc860301d3b030aa2bad0bd733a1bbb6e9436937f2c42b9a876009c7cc',
  ],
  [
    'no slash to split at',
    { name: 'n'.repeat(101) },
    1536,
    'd96266b0526d92befc58166bcfc0bf9ae63d1fc25e641e7caf9b6c3d713edd3b',
  ],
  [
    'no split leaves 100',
    { name: `${'n'.repeat(99)}/${'m'.repeat(101)}/`, type: 'directory', mode: 0o755 },
    1536,
    'a9ee26b013eb50abb10b57ce0d24d9bc3bfc617af5d0cd834d9909f03c2bdea4',
  ],
  [
    'link cut at two slashes',
    { name: 'l', type: 'symlink', linkName: `${'n'.repeat(98)}//${'m'.repeat(120)}`, mode: 0o777 },
    1536,
    '5ae762a3c618f8d5edecb2c7689dd92b89fe22f190fce667a295a910cfe15491',
  ],
  [
    'long directory',
    { name: `${'n'.repeat(300)}/`, type: 'directory', mode: 0o755 },
    1536,
    '215a3df55d999403e86e0a0b76c1a78b9b1b83c3e67f0c3210c161b604aef9b8',
  ],
  [
    'not ASCII',
    { name: latin1('caf\u00e9/\u00fcber') },
    1536,
    '0342077606b1afd60a739357d8af71dd1d7f05e91abe3646e51340345e430a77',
  ],
  ['not UTF-8', { name: 'b\xff\xfe/\x80d' }, 1536, '8c2e5b10b90ee1e182b81629bcb8af49ba75e15b7e61c5bd9f356a0b4c7b3a7b'],
  [
    'long link',
    { name: 'l', type: 'symlink', linkName: 't'.repeat(150), mode: 0o777 },
    1536,
    '32c5ed34f56298c93cb15dc3bbfc6b0f7e73f52296bdef8e12968ea94ba78d97',
  ],
  [
    'long link cut at a slash',
    { name: 'l', type: 'symlink', linkName: `${'t'.repeat(99)}/${'u'.repeat(50)}`, mode: 0o777 },
    1536,
    'b5be7c66398c1117bdbb9c41c9b2fe198373b62f75529bef2bcb8d7560a6900a',
  ],
  [
    'both long',
    { name: d90n60, type: 'hardlink', linkName: 't/'.repeat(80) },
    1536,
    '8015d7682adbafe0b1ea9513dfcc3db36364a31b0860963bc2be148c23e4ab4d',
  ],
  [
    'link not ASCII',
    { name: 'l', type: 'symlink', linkName: latin1('\u00e9'), mode: 0o777 },
    1536,
    '285e81e8988ac3d5b609069153018be3f116f6d73326b12aa16d0e5fa8073a84',
  ],
  [
    'big ids',
    { uid: 2_097_152, gid: 4_294_967_294 },
    1536,
    'a0c5b1f045d5b03f029cdc5ec98aeea73aa6bf0a46f85f3798459d8c141d00a6',
  ],
  [
    'largest octal numbers',
    { uid: 2_097_151, gid: 2_097_151, mode: 0o7777, mtimeNs: seconds(8_589_934_591n) },
    512,
    'f29a9e9e0e3888ceb6f9d44e6a7cb7b82d3458c36c5a8a44d7293f84a0fa702e',
  ],
  [
    'late',
    { mtimeNs: seconds(8_589_934_592n) },
    1536,
    '3c9f5b4263e1040dbc226ae6879facf51a65cb7b2e213c6692481a016ef91f03',
  ],
  ['before 1970', { mtimeNs: seconds(-5n) }, 1536, '25586e62e692be8bd008f8aad417ac1e9564daeb5e349cba17064e9f2e83734e'],
  ['1970', { mtimeNs: 0n }, 512, '1c623727ffd09a059319fb1a9d54e20e3477702c4beaaa0bb4d8188f0565b2ce'],
  ['8 GiB', { size: 2 ** 33 }, 1536, '8de87044277ad4e15846b77c094ad36340ac21f2a4fa19bab963383ba9d8cef6'],
  ['8 GiB less one', { size: 2 ** 33 - 1 }, 512, 'fcff6768a942290471fd02e1b684d9fcd5c510608d46a8e6d41d7e5909a62373'],
  [
    'capability',
    {
      name: 'usr/bin/ping',
      mode: 0o755,
      xattrs: [['security.capability', bytes('\x01\x00\x00\x02\x00\x20\x00\x00\xff\x0a\x3d\x00')]],
    },
    1536,
    '17a06faeebda75056e13d31897acb99f26cffd1efad16dfb90ba976e9d3dadab',
  ],
  [
    'xattrs and a long name',
    {
      name: `${d90n60}/`,
      type: 'directory',
      mode: 0o755,
      xattrs: [
        ['user.b', bytes('2')],
        ['user.a', bytes('1'.repeat(90))],
      ],
    },
    1536,
    '4c18a8850c7ca17540dd97d1365bf375b54dbc240e4c5626f733cac6cee95c96',
  ],
]

describe('the header is what Go writes, byte for byte', () => {
  test.each(written)('%s', (_, change, length, sha256) => {
    const header = encodeHeader({ ...base, ...change })
    expect(header.length).toBe(length)
    expect(createHash('sha256').update(header).digest('hex')).toBe(sha256)
  })
})

test('a NUL in a name or "=" in the name of an xattr cannot be written', async () => {
  expect(await toolError(() => encodeHeader({ ...base, name: 'a\0b' }))).toMatchObject({ code: 'archive-invalid' })
  const xattrs = [['user.a=b', bytes('x')]] as const
  expect(await toolError(() => encodeHeader({ ...base, xattrs }))).toMatchObject({ code: 'archive-invalid' })
})
