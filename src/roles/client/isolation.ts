import { base64 } from '../../base/bytes/index.ts';
import type { Isolation, IsolationDimension } from '../../network/circuits/index.ts';
import type { ProxyAuth } from '../../wire/socks/index.ts';
import type { EntryPortFlags, PortConfig } from '../../wire/torrc/index.ts';

/** Who asks for a stream, as far as it keeps streams apart. */
export interface StreamOrigin {
  /** The application's address without its port; empty for unix sockets. */
  readonly clientAddress: string;
  readonly portKind: PortConfig['kind'];
  readonly protocol: string;
  readonly auth: ProxyAuth | undefined;
  /** A number for the listener, or the SessionGroup it was put in. */
  readonly sessionGroup: string;
  readonly nymEpoch: number;
}

/**
 * What a stream must not share a circuit with. Session group and NEWNYM epoch always count. spec: proposal 171
 */
export function isolationOf(
  flags: EntryPortFlags,
  origin: StreamOrigin,
  destination: { readonly address: string; readonly port: number },
): Isolation {
  const by = new Set<IsolationDimension>(['session-group', 'nym-epoch']);
  if (flags.isolateClientAddr) by.add('client-address');
  if (flags.isolateSocksAuth) by.add('socks-auth');
  if (flags.isolateClientProtocol) by.add('client-protocol');
  if (flags.isolateDestPort) by.add('destination-port');
  if (flags.isolateDestAddr) by.add('destination-address');
  return {
    by,
    values: {
      'client-address': origin.clientAddress,
      'socks-auth': authKey(origin.auth),
      'client-protocol': `${origin.portKind}/${origin.protocol}`,
      'destination-port': String(destination.port),
      'destination-address': destination.address.toLowerCase(),
      'session-group': origin.sessionGroup,
      'nym-epoch': String(origin.nymEpoch),
    },
    keepsAlive: keepsCircuitAlive(flags, origin.auth),
  };
}

/** Credentials as one text that no other pair gives. */
function authKey(auth: ProxyAuth | undefined): string {
  return auth === undefined ? '' : `${base64(auth.username)}:${base64(auth.password)}`;
}

/** `KeepAliveIsolateSOCKSAuth`: such circuits stay usable as long as they are used. */
function keepsCircuitAlive(flags: EntryPortFlags, auth: ProxyAuth | undefined): boolean {
  const hasAuth = auth !== undefined && auth.username.length + auth.password.length > 0;
  return flags.isolateSocksAuth && flags.keepAliveIsolateSocksAuth && hasAuth;
}
