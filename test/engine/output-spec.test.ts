import { describe, expect, test } from 'vitest'
import { ToolError } from '../../src/base/index.ts'
import { parseOutput } from '../../src/engine/output-spec.ts'

const gzip = { method: 'gzip', force: false }

describe('parseOutput', () => {
  test.each([
    ['out', { type: 'local', dest: 'out', mode: 'copy' }],
    ['-', { type: 'tar', dest: '-' }],
    ['type=local,dest=a,mode=delete', { type: 'local', dest: 'a', mode: 'delete' }],
    ['type=tar,dest=-', { type: 'tar', dest: '-' }],
    ['type=oci,dest=a.tar', { type: 'oci', dest: 'a.tar', tar: true, compression: gzip }],
    ['TYPE=oci,dest=a,tar=false', { type: 'oci', dest: 'a', tar: false, compression: gzip }],
    ['type=docker,"dest=a,b.tar"', { type: 'docker', dest: 'a,b.tar', tar: true, compression: gzip }],
    [
      'type=oci,dest=a,compression=zstd,compression-level=9,force-compression=true',
      { type: 'oci', dest: 'a', tar: true, compression: { method: 'zstd', level: 9, force: true } },
    ],
    ['type=registry,name=a', { type: 'registry', names: ['a'], form: { compression: gzip } }],
    ['type=image,name=a,push=true', { type: 'registry', names: ['a'], form: { compression: gzip } }],
    ['type=registry,push=false', { type: 'image', names: [] }],
    [
      'type=registry,oci-mediatypes=false',
      { type: 'registry', names: [], form: { compression: gzip, format: 'docker' } },
    ],
    ['type=image', { type: 'image', names: [] }],
    ['type=image,"name=a,b:1"', { type: 'image', names: ['a', 'b:1'] }],
  ])('%s', (text, expected) => {
    expect(parseOutput(text)).toEqual(expected)
  })

  test.each([
    ['', 'usage', 'type= is missing'],
    ['dest=a', 'usage', 'type= is missing'],
    ['type=oic,dest=a', 'usage', 'there is no output type "oic"'],
    ['type=oci', 'usage', 'dest= is missing'],
    ['type=oci,dest=a,tar=no', 'usage', 'tar must be true or false, not "no"'],
    ['type=oci,dest=-,tar=false', 'usage', 'a directory cannot go to standard output'],
    ['type=local,dest=-', 'usage', 'files cannot go to standard output'],
    ['type=local,dest=a,mode=x', 'usage', 'mode must be copy or delete, not "x"'],
    ['type=tar,dest=a,tar=true', 'usage', '"tar" is no attribute of type=tar'],
    ['type=oci,,=x', 'usage', '"=x" is not key=value'],
    ['type=registry,push=maybe', 'usage', 'push must be true or false, not "maybe"'],
    ['type=registry,compression=lzma', 'usage', 'there is no compression "lzma"'],
    ['type=oci,dest=a,compression-level=12', 'usage', '"12" is no compression level of gzip'],
    ['type=oci,dest=a,compression=uncompressed,compression-level=1', 'usage', 'means nothing with uncompressed'],
  ])('%s is refused', (text, code, message) => {
    expect(() => parseOutput(text)).toThrow(ToolError)
    expect(() => parseOutput(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message), hint: expect.any(String) }),
    )
  })
})
