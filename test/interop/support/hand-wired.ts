import { Logger } from '../../../src/base/log/index.ts';
import { nodeRuntime } from '../../../src/base/runtime/index.ts';
import { ChannelManager } from '../../../src/network/channels/index.ts';
import { channelCircuitMaker, circuitParams, PooledCircuitManager } from '../../../src/network/circuits/index.ts';
import {
  type DirectoryManagerOptions,
  parseDirAuthority,
  TorDirectoryManager,
} from '../../../src/network/directory/index.ts';
import { GuardManager, Vanguards } from '../../../src/network/guard/index.ts';
import { defaultParams } from '../../../src/network/netdir/index.ts';
import { PathSelector } from '../../../src/network/path/index.ts';
import { DataDirectory, StateFile } from '../../../src/network/storage/index.ts';
import type { TorNetwork } from './network.ts';

export interface HandWired {
  readonly channels: ChannelManager;
  readonly guards: GuardManager;
  readonly circuits: PooledCircuitManager;
  readonly directory: TorDirectoryManager;
  readonly store: DataDirectory;
  /** Log lines, oldest first. */
  readonly lines: string[];
  stop(): Promise<void>;
}

/** The part of a client below its roles, put together by hand on a data directory. Not started yet. */
export async function handWired(
  network: Pick<TorNetwork, 'dirAuthorities'>,
  path: string,
  options: Partial<DirectoryManagerOptions> = {},
): Promise<HandWired> {
  const { clock, random } = nodeRuntime;
  const lines: string[] = [];
  const logger = new Logger(() => clock.now());
  logger.addSink(({ severity, domain, message }) => {
    lines.push(`[${severity}] ${domain}: ${message}`);
    if (process.env.TROPEA_TEST_LOG !== undefined) process.stderr.write(`${lines.at(-1)}\n`);
  }, 'debug');
  const store = await DataDirectory.open({ logger }, { path });
  const version = 'Tor 0.4.9.11';
  const state = await StateFile.load({ ...nodeRuntime, store, logger }, { version });
  const channels = new ChannelManager(nodeRuntime);
  const guards = new GuardManager({ ...nodeRuntime, state, logger }, { version, enforceDistinctSubnets: false });
  const paths = new PathSelector({ random, guards, vanguards: new Vanguards({ clock, random, logger }) });
  let directory: TorDirectoryManager | undefined;
  const maker = channelCircuitMaker({
    ...nodeRuntime,
    channels,
    params: () => circuitParams(directory?.netdir?.params ?? defaultParams),
  });
  const circuits = new PooledCircuitManager(
    { ...nodeRuntime, maker, paths, guards, state, logger },
    { clientRejectInternalAddresses: false, clientDnsRejectInternalAddresses: false },
  );
  const made = new TorDirectoryManager(
    { ...nodeRuntime, store, circuits, guards, channels, logger },
    {
      authorities: network.dirAuthorities.map((line) => parseDirAuthority(line.replace(/^DirAuthority /, ''))),
      fallbacks: [],
      bootstrapAuthorityDelaySec: 0,
      netdir: { enforceDistinctSubnets: false, testingNetwork: true },
      maxIntervalWithoutRequestMs: 5000,
      stallTimeoutMs: 30_000,
      ...options,
    },
  );
  directory = made;
  // Emitters swallow what listeners throw; a test shall not.
  for (const { events } of [made, circuits, channels, guards]) {
    events.onListenerError = (error) => {
      lines.push(`[err] listener: ${error instanceof Error ? error.stack : String(error)}`);
      process.stderr.write(`${lines.at(-1)}\n`);
    };
  }
  return {
    channels,
    guards,
    circuits,
    directory: made,
    store,
    lines,
    stop: async () => {
      await made.stop();
      circuits.closeAll();
      channels.close();
      await state.save();
      await store.close();
    },
  };
}
