export {
  type AuthChallenge,
  authMethodEd25519,
  decodeAuthChallenge,
  encodeAuthChallenge,
} from './auth-challenge.ts';
export {
  type Authenticate,
  type AuthenticateBody,
  type AuthenticateFields,
  authenticateSignedLength,
  decodeAuthenticate,
  decodeAuthenticateBody,
  encodeAuthenticate,
  encodeAuthenticateFields,
} from './authenticate.ts';
export { CertsCellType, type CertsEntry, decodeCerts, encodeCerts } from './certs.ts';
export { CellCommand, cellBodyLength, cellCommandName, cellLength, isVariableLength } from './commands.ts';
export {
  type Create2,
  type CreatedFast,
  decodeCreate2,
  decodeCreated2,
  decodeCreatedFast,
  decodeCreateFast,
  encodeCreate2,
  encodeCreated2,
  encodeCreatedFast,
  encodeCreateFast,
  HandshakeType,
} from './create.ts';
export { DestroyReason, decodeDestroy, destroyReasonName, encodeDestroy } from './destroy.ts';
export { decodeNetinfo, encodeNetinfo, type Netinfo } from './netinfo.ts';
export {
  decodePaddingNegotiate,
  encodePaddingNegotiate,
  PaddingCommand,
  type PaddingNegotiate,
} from './padding-negotiate.ts';
export { decodeVersions, encodeVersions } from './versions.ts';
