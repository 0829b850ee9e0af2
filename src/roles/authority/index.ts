export { type ComputeOptions, computeConsensus, type UnsignedConsensus } from './compute/consensus.ts';
export { supportedMethods } from './compute/methods.ts';
