export { type ComputeOptions, computeConsensus, type UnsignedConsensus } from './compute/consensus.ts';
export { supportedMethods } from './compute/methods.ts';
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
