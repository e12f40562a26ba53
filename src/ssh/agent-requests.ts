/** Requests that only read: SSH_AGENTC_REQUEST_IDENTITIES and SSH_AGENTC_SIGN_REQUEST (draft-ietf-sshm-ssh-agent). */
const reading: readonly number[] = [11, 13]

/** SSH_AGENTC_EXTENSION of a name that no agent knows: the agent itself answers with a failure, in its turn. */
const refused = Buffer.concat([Buffer.from([0, 0, 0, 22, 27, 0, 0, 0, 17]), Buffer.from('refused@longshore', 'latin1')])

/** Larger messages than agents themselves take (256 KiB) are not collected. */
const longest = 256 * 1024

/**
 * A filter for what a client sends to an agent, chunk by chunk: whole messages come out, those that would change the
 * agent replaced by one that fails. Undefined for what is no message of the protocol; nothing more should be sent then.
 */
export function agentRequests(): (chunk: Buffer) => Buffer | undefined {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const passed: Buffer[] = []
    while (rest.length >= 4) {
      const length = rest.readUInt32BE(0)
      if (length < 1 || length > longest) return undefined
      if (rest.length < 4 + length) break
      passed.push(reading.includes(rest[4] ?? 0) ? rest.subarray(0, 4 + length) : refused)
      rest = rest.subarray(4 + length)
    }
    return Buffer.concat(passed)
  }
}
