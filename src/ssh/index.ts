/**
 * Keys for RUN --mount=type=ssh. In: the socket of an agent, or files of private keys. Out: a socket on which a container
 * may list keys and have them sign, and nothing else. No key ever reaches the container or the store.
 */
export { type AgentRelay, relayAgent } from './agent-relay.ts'
export { type KeyAgent, startKeyAgent } from './key-agent.ts'
