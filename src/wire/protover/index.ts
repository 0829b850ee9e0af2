export {
  emptyProtover,
  formatProtover,
  listVersions,
  maxProtocolVersion,
  missingProtocols,
  type ProtocolName,
  type Protover,
  parseProtover,
  supports,
  supportsOrLater,
  type VersionSet,
  voteProtover,
} from './protover.ts';
