export {
  Authority,
  type AuthorityDeps,
  type AuthorityEvents,
  type AuthorityOptions,
  type PostAnswer,
} from './authority.ts';
export { type ComputeOptions, computeConsensus, type UnsignedConsensus } from './compute/consensus.ts';
export { supportedMethods } from './compute/methods.ts';
export { type AuthorityConfig, authorityConfig } from './config.ts';
export type { AuthorityDocuments, DescriptorDocument } from './documents.ts';
export { ExpiryWatch, expiryWarning } from './keys/expiry.ts';
export {
  type AuthorityKeyTexts,
  defaultMonths,
  type GencertInput,
  makeAuthorityKeys,
  maxMonths,
  minPassphraseLength,
} from './keys/gencert.ts';
export { type AuthorityKeys, authorityKeyFiles, loadAuthorityKeys } from './keys/load.ts';
export { dirPortTransport, type PeerTransport } from './peers.ts';
export { type ReachRelay, reachByChannel } from './reachability.ts';
export type { AuthorityAddress } from './vote/make-vote.ts';
export type { SignedConsensus } from './voting/consensus-desk.ts';
