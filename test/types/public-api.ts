// Type tests of the public API: never run, only checked, here and against the packed package.
import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type ChannelView,
  type CircuitView,
  type ErrorCode,
  type ErrorKind,
  type LookupAddress,
  type NameWarning,
  newClientKey,
  type OnionStep,
  type Petname,
  type PublishedService,
  type StartProgress,
  type StreamView,
  Tor,
  type TorContext,
  TorError,
  type TorEvents,
  type TorSocket,
} from '../../src/index.ts';
import { TestNetwork } from '../../src/testing.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._: Equal<A, B> extends true ? [] : [never]): void {}
function is<T>(_: T): void {}

export async function startsWithOptions(signal: AbortSignal, network: TestNetwork): Promise<void> {
  is<Tor>(await Tor.start());
  const tor = await Tor.start({
    dataDirectory: './tor',
    network,
    socksPort: 'auto',
    torrc: { ExitNodes: '{de}', NumEntryGuards: 2, UseBridges: false, Bridge: ['192.0.2.1:9001'] },
    onProgress: (progress) => same<typeof progress, StartProgress>(),
    onLog: (record) => is<string>(record.message),
    signal,
    wait: false,
  });
  await tor.ready(signal);
  is<number>(tor.progress.percent);
  // @ts-expect-error a folder is a path
  await Tor.start({ dataDirectory: 3 });
  // @ts-expect-error there is no such option
  await Tor.start({ dataDir: './tor' });
  // @ts-expect-error it is made by start() alone
  new Tor();
}

export async function connects(tor: Tor, context: TorContext, signal: AbortSignal): Promise<void> {
  is<TorContext>(tor);
  await using bank = tor.isolated('bank');
  is<TorContext>(bank);
  const socket = await context.connect('example.com', 443, { signal, timeoutMs: 10_000 });
  same<typeof socket, TorSocket>();
  is<Duplex>(socket);
  same<typeof socket.path, readonly string[]>();
  const found = await context.lookup('example.com');
  same<typeof found, LookupAddress>();
  same<typeof found.family, 4 | 6>();
  same<Awaited<ReturnType<typeof context.reverse>>, string>();
  // @ts-expect-error ports are numbers
  await context.connect('example.com', '443');
}

export async function speaksHttp(context: TorContext): Promise<void> {
  is<HttpAgent>(context.agent({ maxSockets: 3 }));
  is<HttpsAgent>(context.httpsAgent({ rejectUnauthorized: true }));
  const response = await context.fetch(new URL('https://example.com/'), { method: 'POST', body: 'x' });
  same<typeof response, Response>();
  is<(path: { origin: string; path: string; method: 'GET' }) => Promise<unknown>>((options) =>
    context.dispatcher().request(options),
  );
}

export async function publishes(tor: Tor, server: Server): Promise<void> {
  const { authorizedClient, credentialFor } = newClientKey();
  await using service = await tor.publish({ port: 80, to: server, authorizedClients: [authorizedClient] });
  same<typeof service, PublishedService>();
  tor.authorize(credentialFor(service.hostname));
  await tor.publish({ to: 8080, key: './service' });
  await tor.publish({ to: '/run/server.sock', key: { seed: new Uint8Array(32) } });
  await tor.publish({ ports: [{ port: 22, to: 22 }], introPoints: 4 });
  await tor.publish({
    to: (connection, { circuitId, port }) => {
      is<Duplex>(connection);
      is<number>(circuitId + port);
    },
  });
  is<() => void>(service.on('published', ({ hsDirs }) => is<number>(hsDirs)));
  // @ts-expect-error there is no such step
  service.on('publish', () => undefined);
  // @ts-expect-error a server, a port, a path or a function
  await tor.publish({ to: true });
}

export function watches(tor: Tor): void {
  same<ReturnType<Tor['circuits']>, CircuitView[]>();
  same<ReturnType<Tor['streams']>, StreamView[]>();
  tor.on('channel', (event) => same<typeof event, ChannelView>());
  tor.on('stream', ({ path, status }) => is<string>(`${status} ${path.join()}`));
  tor.on('onion', (event) => {
    same<typeof event, OnionStep>();
    if (event.step === 'joined') is<number>(event.elapsedMs);
    // @ts-expect-error this step has no such field
    if (event.step === 'joined') is<string>(event.hsDir);
  });
  same<keyof TorEvents, 'progress' | 'consensus' | 'guard' | 'channel' | 'circuit' | 'stream' | 'onion'>();
  // @ts-expect-error there is no such event
  tor.on('circuits', () => undefined);
}

export async function names(tor: Tor): Promise<void> {
  same<Awaited<ReturnType<typeof tor.names.list>>, readonly Petname[]>();
  same<Awaited<ReturnType<typeof tor.names.warnings>>, readonly NameWarning[]>();
  await tor.names.add('bob', 'address', { despiteWarnings: true });
}

export function fails(error: unknown): ErrorKind {
  if (!TorError.is(error)) throw error;
  same<typeof error.code, ErrorCode>();
  is<string>(error.fix);
  // @ts-expect-error there is no such code
  if (error.code === 'NO_SUCH_CODE') throw error;
  return error.kind;
}

export async function tests(): Promise<void> {
  await using network = await TestNetwork.start({ relays: 4, implementation: 'tor', onProgress: console.log });
  await using tor = await network.tor({ socksPort: 'auto' });
  await tor.fetch(network.webUrl);
  const other = await TestNetwork.attach('default');
  await Tor.start({ network: other });
  // @ts-expect-error the network is this one
  await network.tor({ network });
}
