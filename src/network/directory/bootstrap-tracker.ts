import { base16Upper } from '../../base/bytes/index.ts';
import type { TorError } from '../../base/errors/index.ts';
import { formatIpPort } from '../../base/ip/index.ts';
import type { ChannelFailed, ChannelLaunched, ChannelManager } from '../channels/index.ts';
import type { CircuitManager } from '../circuits/index.ts';
import type { ClockSkewWatch } from './clock-skew.ts';
import { type BootstrapProgress, isBootstrapTag } from './progress.ts';

export interface BootstrapTrackerDeps {
  readonly progress: BootstrapProgress;
  readonly skew: ClockSkewWatch;
  readonly channels?: Pick<ChannelManager, 'events'> | undefined;
  readonly circuits: Pick<CircuitManager, 'events'>;
  /** True once links are opened for circuits of users and not only to directories. */
  readonly enough: () => boolean;
  readonly isAuthority: (fingerprint: string) => boolean;
}

/** Turns what links and circuits do into bootstrap phases. spec: control-spec 5.5; C tor btrack_orconn.c */
export function trackBootstrap(deps: BootstrapTrackerDeps): () => void {
  const { progress, channels, circuits } = deps;
  const reach = (tag: 'conn' | 'conn_done' | 'handshake'): void => {
    progress.reach(tag);
    if (deps.enough()) progress.reach(`ap_${tag}`);
  };
  const ends = [
    circuits.events.on('progress', ({ tag }) => {
      if (isBootstrapTag(tag)) progress.reach(tag);
    }),
  ];
  if (channels === undefined) return () => endAll(ends);
  ends.push(
    channels.events.on('launched', () => reach('conn')),
    channels.events.on('tcp', () => reach('conn_done')),
    channels.events.on('tls', () => reach('handshake')),
    channels.events.on('opened', (channel) => {
      progress.linkOpened();
      const skewMs = channel.result?.clockSkewMs;
      const { rsa, port } = channel.peer;
      if (skewMs === undefined || rsa === undefined) return;
      const endpoint = channel.peerAddress === undefined ? '?' : formatIpPort(channel.peerAddress, port);
      deps.skew.noteLink(skewMs, endpoint, deps.isAuthority(base16Upper(rsa)));
    }),
    channels.events.on('failed', (failed) => {
      if (failed.error.code === 'ABORTED') return;
      const reason = linkReason(failed);
      progress.problem(failed.error.message, reason, { warn: reason === 'NOROUTE', ...hostOf(failed) });
    }),
  );
  return () => endAll(ends);
}

const endAll = (ends: readonly (() => void)[]): void => {
  for (const end of ends) end();
};

function hostOf({ target, endpoint }: ChannelLaunched): { hostId?: string; hostAddress?: string } {
  const { rsa } = target.identity;
  return {
    ...(rsa === undefined ? {} : { hostId: base16Upper(rsa) }),
    ...(endpoint === undefined ? {} : { hostAddress: formatIpPort(endpoint.address, endpoint.port) }),
  };
}

const bySystemCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'CONNECTREFUSED',
  ECONNRESET: 'CONNECTRESET',
  ETIMEDOUT: 'TIMEOUT',
  EHOSTUNREACH: 'NOROUTE',
  ENETUNREACH: 'NOROUTE',
  EMFILE: 'RESOURCELIMIT',
};

/** spec: control-spec 4.1.3, REASON of ORCONN */
function linkReason({ error, stage }: { readonly error: TorError; readonly stage: ChannelFailed['stage'] }): string {
  if (error.code === 'CHANNEL_IDENTITY') return 'IDENTITY';
  if (error.code === 'TIMEOUT' || error.code === 'CHANNEL_TIMEOUT') return 'TIMEOUT';
  if (stage === 'tls') return 'TLS_ERROR';
  const { reason } = error.facts;
  return (typeof reason === 'string' ? bySystemCode[reason] : undefined) ?? (stage === 'connecting' ? 'MISC' : 'DONE');
}
