export { type Begin, BeginFlag, decodeBegin, encodeBegin } from './begin.ts';
export {
  maxDataLength,
  maxMessageLength,
  messageOffset,
  padRelayCell,
  type RelayCellFormat,
  RelayHeader,
  writeRelayCell,
  writeRelayHeader,
} from './cell.ts';
export { carriesStreamId, isKnownRelayCommand, RelayCommand, relayCommandName } from './commands.ts';
export {
  type ConfluxLink,
  ConfluxUx,
  decodeConfluxLink,
  decodeConfluxSwitch,
  encodeConfluxLink,
  encodeConfluxSwitch,
} from './conflux.ts';
export { type ConnectedAddress, decodeConnected, encodeConnected } from './connected.ts';
export { decodeEnd, type End, EndReason, encodeEnd, endReasonName } from './end.ts';
export {
  decodeEstablishIntro,
  decodeIntroEstablished,
  type EstablishIntro,
  encodeEstablishIntro,
  encodeEstablishIntroHead,
  encodeIntroDosParams,
  encodeIntroEstablished,
  type IntroDosParams,
  introDosExtension,
  introDosParams,
} from './establish-intro.ts';
export {
  decodeExtend2,
  decodeExtended2,
  decodeTruncate,
  type Extend2,
  type ExtendTarget,
  encodeExtend2,
  encodeExtended2,
  encodeTruncate,
  extendTarget,
} from './extend.ts';
export {
  CircuitExtension,
  decodeExtensions,
  decodeSubprotocolRequest,
  type ExtensionField,
  encodeExtensions,
  encodeSubprotocolRequest,
  findExtension,
  readExtensions,
  relayCgoVersion,
  SubprotocolId,
  type SubprotocolRequest,
} from './extensions.ts';
export { decodeXoff, decodeXon, encodeXoff, encodeXon } from './flow.ts';
export {
  decodeIntroduce,
  decodeIntroduceAck,
  decodeIntroducePlaintext,
  decodePowSolution,
  encodeIntroduce,
  encodeIntroduceAck,
  encodeIntroduceHead,
  encodeIntroducePlaintext,
  encodePowSolution,
  type Introduce,
  IntroduceAckStatus,
  IntroduceExtension,
  type IntroducePlaintext,
  type PowSolution,
} from './introduce.ts';
export {
  type CircuitPaddingNegotiate,
  type CircuitPaddingNegotiated,
  circuitSetupMachine,
  decodePaddingNegotiate,
  decodePaddingNegotiated,
  encodePaddingNegotiate,
  encodePaddingNegotiated,
} from './padding.ts';
export {
  decodeEstablishRendezvous,
  decodeRendezvous1,
  decodeRendezvous2,
  encodeEstablishRendezvous,
  encodeRendezvous1,
  type Rendezvous1,
} from './rendezvous.ts';
export {
  decodeResolve,
  decodeResolved,
  encodeResolve,
  encodeResolved,
  type ResolvedAnswer,
  ResolvedType,
} from './resolved.ts';
export { decodeSendme, encodeSendme, type Sendme } from './sendme.ts';
