import { readFile } from 'node:fs/promises';
import {
  type DirAuthority,
  type DirectoryManagerOptions,
  type FallbackDir,
  parseBridgeLine,
  parseDirAuthority,
  parseFallbackDir,
  parseServerList,
  shippedServerLists,
} from '../../../network/directory/index.ts';
import { parseProtover } from '../../../wire/protover/index.ts';
import type { TorOptions } from '../../../wire/torrc/index.ts';
import { clientProtocols } from '../version.ts';
import { type NodeFacts, netdirOptions } from './rooms.ts';

export interface DirectoryServers {
  readonly authorities: readonly DirAuthority[];
  readonly fallbacks: readonly FallbackDir[];
}

/**
 * Authorities and fallbacks: those of the configuration, or the public network's. As in C tor, configured authorities
 * replace the public ones and leave no public fallback. Throws BAD_DIR_SERVER.
 */
export async function directoryServers(options: TorOptions): Promise<DirectoryServers> {
  const own = [...options.lines('DirAuthority'), ...options.lines('AlternateDirAuthority')].map(parseDirAuthority);
  const ownFallbacks = options.lines('FallbackDir').map(parseFallbackDir);
  const shipped = shippedServerLists();
  const authorities =
    own.length > 0 ? own : parseServerList(await readFile(shipped.authorities, 'utf8'), parseDirAuthority);
  const usePublic = own.length === 0 && ownFallbacks.length === 0 && options.get('UseDefaultFallbackDirs');
  const fallbacks = usePublic
    ? parseServerList(await readFile(shipped.fallbacks, 'utf8'), parseFallbackDir)
    : ownFallbacks;
  return { authorities, fallbacks };
}

export interface DirectoryRole {
  readonly isRelay: boolean;
  readonly isCache: boolean;
  readonly mayFetch: () => boolean;
  readonly isIdle: () => boolean;
}

export function directoryOptions(
  facts: NodeFacts,
  servers: DirectoryServers,
  role: DirectoryRole,
): DirectoryManagerOptions {
  const { options, reachable, ownFingerprint } = facts;
  return {
    ...servers,
    ...role,
    authorityFallbackRate: options.get('DirAuthorityFallbackRate'),
    strictNodes: options.get('StrictNodes'),
    ...(reachable === undefined ? {} : { canReachAddress: reachable.address }),
    netdir: netdirOptions(facts),
    bridges: options.get('UseBridges') ? options.lines('Bridge').map(parseBridgeLine) : [],
    bridgeBootstrapDelaySec: options.get('TestingBridgeBootstrapDownloadInitialDelay'),
    bridgeDelaySec: options.get('TestingBridgeDownloadInitialDelay'),
    flavor: options.get('UseMicrodescriptors') === false ? 'ns' : 'microdesc',
    useEntryGuards: options.get('UseEntryGuards'),
    fetchDirInfoEarly: options.get('FetchDirInfoEarly'),
    fetchDirInfoExtraEarly: options.get('FetchDirInfoExtraEarly'),
    bootstrapMaxInProgressTries: options.get('ClientBootstrapConsensusMaxInProgressTries'),
    bootstrapAuthorityDelaySec: options.get('ClientBootstrapConsensusAuthorityDownloadInitialDelay'),
    bootstrapFallbackDelaySec: options.get('ClientBootstrapConsensusFallbackDownloadInitialDelay'),
    bootstrapAuthorityOnlyDelaySec: options.get('ClientBootstrapConsensusAuthorityOnlyDownloadInitialDelay'),
    consensusDelaySec: role.isCache
      ? options.get('TestingServerConsensusDownloadInitialDelay')
      : options.get('TestingClientConsensusDownloadInitialDelay'),
    downloadDelaySec: role.isCache
      ? options.get('TestingServerDownloadInitialDelay')
      : options.get('TestingClientDownloadInitialDelay'),
    maxIntervalWithoutRequestMs: options.get('TestingClientMaxIntervalWithoutRequest') * 1000,
    stallTimeoutMs: options.get('TestingDirConnectionMaxStall') * 1000,
    protocols: parseProtover(clientProtocols),
    ...(ownFingerprint === undefined ? {} : { ownFingerprint: () => ownFingerprint }),
  };
}
