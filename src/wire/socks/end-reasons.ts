import { SocksStatus } from './codes.ts';

/**
 * Reasons that arise on this side of a stream and never go on the wire; smaller ones are `EndReason`s of RELAY_END. The
 * numbers are C tor's; applications and the control port see the names.
 */
export const LocalEndReason = {
  CANT_ATTACH: 257,
  NET_UNREACHABLE: 258,
  SOCKS_PROTOCOL: 259,
  PRIVATE_ADDR: 262,
  HTTP_PROTOCOL: 263,
  /** The port's flags or the configuration forbid it. */
  ENTRY_POLICY: 264,
} as const;

interface ReasonRow {
  readonly name: string | undefined;
  readonly socks: SocksStatus;
  readonly http: string;
}

const S = SocksStatus;
const row = (name: string | undefined, socks: SocksStatus, http: string): ReasonRow => ({ name, socks, http });

const rows: ReadonlyMap<number, ReasonRow> = new Map([
  [1, row('MISC', S.generalFailure, '500 Internal Server Error')],
  [2, row('RESOLVEFAILED', S.hostUnreachable, '503 Service Unavailable (resolve failed)')],
  [3, row('CONNECTREFUSED', S.connectionRefused, '403 Forbidden (connection refused)')],
  [4, row('EXITPOLICY', S.notAllowed, '403 Forbidden (exit policy)')],
  [5, row('DESTROY', S.generalFailure, '502 Bad Gateway (destroy cell received)')],
  // DONE before CONNECTED: the far end closed the stream without ever opening it.
  [6, row('DONE', S.connectionRefused, '502 Bad Gateway (unexpected close)')],
  [7, row('TIMEOUT', S.ttlExpired, '504 Gateway Timeout')],
  [8, row('NOROUTE', S.hostUnreachable, '503 Service Unavailable (no route)')],
  [9, row('HIBERNATING', S.generalFailure, '502 Bad Gateway (hibernating server)')],
  [10, row('INTERNAL', S.generalFailure, '502 Bad Gateway (internal error)')],
  [11, row('RESOURCELIMIT', S.generalFailure, '502 Bad Gateway (resource limit)')],
  [12, row('CONNRESET', S.connectionRefused, '403 Forbidden (connection reset)')],
  [13, row('TORPROTOCOL', S.generalFailure, '502 Bad Gateway (tor protocol violation)')],
  [14, row('NOTDIRECTORY', S.generalFailure, '500 Internal Server Error (weird end reason)')],
  [257, row('CANT_ATTACH', S.generalFailure, '500 Internal Server Error (weird end reason)')],
  [258, row('NET_UNREACHABLE', S.networkUnreachable, '500 Internal Server Error (weird end reason)')],
  [259, row('SOCKS_PROTOCOL', S.generalFailure, '500 Internal Server Error (weird end reason)')],
  [262, row('PRIVATE_ADDR', S.generalFailure, '500 Internal Server Error (weird end reason)')],
  [263, row('HTTP_PROTOCOL', S.generalFailure, '500 Internal Server Error (weird end reason)')],
  [264, row(undefined, S.notAllowed, '403 Forbidden (entry policy violation)')],
]);

/** The SOCKS5 reply for a stream that could not be opened; 0 means it was. */
export function endReasonToSocks(reason: number): SocksStatus {
  if (reason === 0) return S.succeeded;
  return rows.get(reason)?.socks ?? S.generalFailure;
}

/** The HTTP status line's code and phrase. */
export function endReasonToHttp(reason: number): string {
  if (reason === 0) return '200 OK';
  return rows.get(reason)?.http ?? '500 Internal Server Error (weird end reason)';
}

/** The control port's word, also used in `Tor-Request-Failed`; undefined when the reason has none. */
export function streamReasonName(reason: number): string | undefined {
  return rows.get(reason)?.name;
}
