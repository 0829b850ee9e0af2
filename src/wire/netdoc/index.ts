export { type AuthorityCertificateFields, encodeAuthorityCertificate } from './authcert/encode.ts';
export { parseAuthorityCertificate, parseAuthorityCertificates } from './authcert/parse.ts';
export type { AuthorityCertificate } from './authcert/types.ts';
export { parseBandwidthFile } from './bandwidth/parse.ts';
export type { BandwidthFile, BandwidthLine } from './bandwidth/types.ts';
export { type ConsensusOptions, parseConsensus, parseMicrodescConsensus, parseNsConsensus } from './consensus/parse.ts';
export type {
  CertificateName,
  Consensus,
  ConsensusContent,
  ConsensusDigests,
  ConsensusFlavor,
  ConsensusVoter,
  RouterStatus,
  SignatureReport,
  TrustedAuthority,
  UnverifiedConsensus,
} from './consensus/types.ts';
export {
  encodeDetachedSignatures,
  formatConsensusSignatures,
  parseDetachedSignatures,
} from './detached/detached.ts';
export type { DetachedFlavor, DetachedSignatures } from './detached/types.ts';
export { applyConsensusDiff, consensusDiffDigests, makeConsensusDiff } from './diff/diff.ts';
export { encodeExtraInfo } from './extrainfo/encode.ts';
export { type ExtraInfoOptions, parseExtraInfo, parseExtraInfos } from './extrainfo/parse.ts';
export type { ExtraInfo, ExtraInfoFields } from './extrainfo/types.ts';
export { formatSharedRandomCommit, formatSharedRandomValues } from './meta/shared-random.ts';
export type {
  AddressPort,
  DigestName,
  DocumentSignature,
  DocumentText,
  Parsed,
  PortSummary,
  Refused,
  SharedRandomLine,
} from './meta/types.ts';
export { makeMicrodescriptor } from './microdesc/generate.ts';
export { type MicrodescriptorOptions, parseMicrodescriptors } from './microdesc/parse.ts';
export type { Microdescriptor } from './microdesc/types.ts';
export { encodeOnionDescriptor } from './onion/encode.ts';
export { type OpenOptions, openOnionDescriptor } from './onion/open.ts';
export { parseOnionDescriptor } from './onion/outer.ts';
export type {
  AuthClient,
  IntroductionPoint,
  IntroductionPointFields,
  LayerSecrets,
  OnionDescriptorContent,
  OnionDescriptorFields,
  OnionDescriptorFirstLayer,
  OnionDescriptorOuter,
  PowParams,
} from './onion/types.ts';
export {
  expandPrivate,
  formatDescriptorRule,
  parseDescriptorRule,
  privateNets,
} from './policy/rules.ts';
export { summarizePolicy } from './policy/summary.ts';
export type { PolicyAddress, PolicyRule } from './policy/types.ts';
export { encodeServerDescriptor } from './routerdesc/encode.ts';
export { parseServerDescriptor, parseServerDescriptors, type ServerDescriptorOptions } from './routerdesc/parse.ts';
export type {
  ExtraInfoDigest,
  RelaySigningKeys,
  ServerDescriptor,
  ServerDescriptorFields,
  ServerDescriptorKeys,
} from './routerdesc/types.ts';
export { encodeVote, formatRouterLines } from './vote/encode.ts';
export { parseVote } from './vote/parse.ts';
export { VotePool } from './vote/pool.ts';
export type {
  SharedRandomCommit,
  Vote,
  VoteEntry,
  VoteFields,
  VoteVoter,
} from './vote/types.ts';
