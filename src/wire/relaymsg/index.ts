export { type Begin, BeginFlag } from './begin.ts';
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
export { type ConnectedAddress, decodeConnected, encodeConnected } from './connected.ts';
export { decodeEnd, type End, EndReason, encodeEnd, endReasonName } from './end.ts';
export type { ResolvedAnswer } from './resolved.ts';
