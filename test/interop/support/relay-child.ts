import { readFileSync } from 'node:fs';
import { Logger } from '../../../src/base/log/index.ts';
import { nodeRuntime } from '../../../src/base/runtime/index.ts';
import { ChannelManager, dialDirect } from '../../../src/network/channels/index.ts';
import { channelCircuitMaker, circuitParams, PooledCircuitManager } from '../../../src/network/circuits/index.ts';
import {
  dirPortRequest,
  dirRequester,
  parseDirAuthority,
  TorDirectoryManager,
} from '../../../src/network/directory/index.ts';
import { GuardManager, Vanguards } from '../../../src/network/guard/index.ts';
import { defaultParams } from '../../../src/network/netdir/index.ts';
import { PathSelector } from '../../../src/network/path/index.ts';
import { DataDirectory, StateFile } from '../../../src/network/storage/index.ts';
import { OnionRelay } from '../../../src/roles/onion/index.ts';
import { Relay, RelayPublisher, type RelayServices, relayConfig, SelfTest } from '../../../src/roles/relay/index.ts';
import { loadOptions, validateOptions } from '../../../src/wire/torrc/index.ts';

/** A relay alone, put together by hand from a torrc: `relay-child.ts -f torrc`. */
export interface ChildRelay {
  readonly relay: Relay;
  readonly channels: ChannelManager;
  stop(): Promise<void>;
}

export async function runRelay(torrc: string, extra: Partial<RelayServices> = {}): Promise<ChildRelay> {
  const { clock, timers, random } = nodeRuntime;
  const logger = new Logger(() => clock.now());
  const minimum = process.env.TROPEA_TEST_LOG === undefined ? 'notice' : 'debug';
  logger.addSink(({ severity, message }) => void process.stdout.write(`[${severity}] ${message}\n`), minimum);
  const report = (): void => undefined;
  const loaded = loadOptions({ torrc, report });
  const { options, ports } = validateOptions(loaded.options, { report });
  const config = relayConfig(options, ports);
  const store = await DataDirectory.open({ logger }, { path: options.get('DataDirectory') ?? '' });
  const state = await StateFile.load({ ...nodeRuntime, store, logger }, { version: 'Tor 0.4.9.11' });
  const relay = await Relay.load({ clock, timers, random, store, state, logger }, config);
  const channels = new ChannelManager(nodeRuntime, relay.channelOptions());
  const guards = new GuardManager({ ...nodeRuntime, state, logger }, { version: '', enforceDistinctSubnets: false });
  const paths = new PathSelector({ random, guards, vanguards: new Vanguards({ clock, random, logger }) });
  let directory: TorDirectoryManager | undefined;
  const netdir = () => directory?.netdir;
  const params = () => circuitParams(netdir()?.params ?? defaultParams);
  const maker = channelCircuitMaker({ ...nodeRuntime, channels, params });
  const circuits = new PooledCircuitManager({ ...nodeRuntime, maker, paths, guards, state, logger }, {});
  const authorities = options.lines('DirAuthority').map((line) => parseDirAuthority(line));
  const made = new TorDirectoryManager(
    { ...nodeRuntime, store, circuits, guards, channels, logger },
    {
      authorities,
      fallbacks: [],
      bootstrapAuthorityDelaySec: 0,
      netdir: { enforceDistinctSubnets: false, testingNetwork: true },
      maxIntervalWithoutRequestMs: 5000,
      stallTimeoutMs: 30_000,
    },
  );
  directory = made;
  const onion = new OnionRelay({ clock }, { introDos: () => ({ enabled: false, ratePerSec: 0, burstPerSec: 0 }) });
  await relay.start({ channels, services: { onion, ...extra }, netdir });
  const publisher = new RelayPublisher(
    {
      clock,
      timers,
      logger,
      relay,
      history: relay.history,
      netdir,
      authorities,
      circuits,
      dirRequest: dirRequester({ clock, timers }),
      dirPort: (endpoint, request) => dirPortRequest({ clock, timers, dial: dialDirect }, endpoint, request),
    },
    {
      platform: 'Tropea 0.1.0 on Linux',
      servesDirectory: () => extra.directory !== undefined,
      familyKeys: [],
      cgo: true,
    },
  );
  const selfTest = new SelfTest({ clock, timers, logger, relay, circuits, netdir });
  circuits.events.on('circuit', ({ info }) =>
    logger.debug('circ', `${info.id} ${info.purpose} ${info.status} ${info.path}`),
  );
  circuits.start();
  publisher.start();
  selfTest.start();
  made.events.on('netdir', () => selfTest.poke());
  void made.start();
  return {
    relay,
    channels,
    stop: async () => {
      publisher.stop();
      selfTest.stop();
      await made.stop();
      circuits.closeAll();
      await relay.close();
      channels.close();
      await state.save();
      await store.close();
    },
  };
}

const [, script, flag, file] = process.argv;
if (script?.endsWith('relay-child.ts') && flag === '-f' && file !== undefined) {
  const { stop } = await runRelay(readFileSync(file, 'utf8'));
  const end = (): void => void stop().then(() => process.exit(0));
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('SIGHUP', () => undefined);
}
