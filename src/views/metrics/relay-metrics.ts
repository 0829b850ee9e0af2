import type { ChannelManager } from '../../network/channels/index.ts';
import type { NetDir } from '../../network/netdir/index.ts';
import type { ExitRole } from '../../roles/exit/index.ts';
import type { Relay } from '../../roles/relay/index.ts';
import { RelayCommand } from '../../wire/relaymsg/index.ts';
import { byLabel, type Metric, type MetricSource, metric, type Sample } from './metric.ts';

export interface RelayMetricsDeps {
  readonly relay: Relay;
  readonly channels: ChannelManager;
  readonly netdir: () => NetDir | undefined;
  readonly exit?: { readonly resolver: Pick<ExitRole['resolver'], 'queries' | 'errors'> };
}

/** What C tor's relays tell, under its names, and cells and queues beyond that. C tor relay_metrics.c */
export function relayMetrics(deps: RelayMetricsDeps): MetricSource {
  return () => [
    ...load(deps),
    ...traffic(deps),
    ...circuits(deps),
    ...onionMessages(deps),
    ...names(deps),
    ...ownKinds(deps),
  ];
}

function load({ relay, channels }: RelayMetricsDeps): Metric[] {
  const counts = relay.circuits?.counts;
  const sampleOf = (type: string, action: string, value: number): Sample => ({ labels: { type, action }, value });
  // TAP is no more; C tor tells of it all the same.
  const onionskins: Sample[] = [sampleOf('tap', 'processed', 0), sampleOf('tap', 'dropped', 0)];
  for (const type of ['fast', 'ntor', 'ntor_v3'] as const) {
    onionskins.push(sampleOf(type, 'processed', counts?.processed[type] ?? 0));
    onionskins.push(sampleOf(type, 'dropped', counts?.dropped[type] ?? 0));
  }
  const { waits } = relay.limiter;
  return [
    metric(
      'counter',
      'relay_load_oom_bytes_total',
      'Total number of bytes the OOM has freed by subsystem',
      byLabel('subsys', { cell: relay.memory?.freedBytes ?? 0, dns: 0, geoip: 0, hsdir: 0 }),
    ),
    metric('counter', 'relay_load_onionskins_total', 'Total number of onionskins handled', onionskins),
    metric('gauge', 'relay_load_socket_total', 'Total number of sockets', [
      { labels: { state: 'opened' }, value: [...channels.channels].length },
    ]),
    metric(
      'counter',
      'relay_load_global_rate_limit_reached_total',
      'Total number of global connection bucket limit reached',
      byLabel('side', waits),
    ),
    metric('counter', 'relay_dos_total', 'Denial of Service defenses related counters', dosSamples(relay)),
  ];
}

function dosSamples(relay: Relay): Sample[] {
  const { counts } = relay.dos;
  return byLabel('type', {
    circuit_rejected: counts.circuitsRejected,
    circuit_killed_max_cell: relay.circuits?.counts.queuesFull ?? 0,
    circuit_killed_max_cell_outq: relay.circuits?.counts.queuesFullOutward ?? 0,
    marked_address: counts.addressesMarked,
    marked_address_maxq: counts.addressesMarkedForQueues,
    conn_rejected: counts.connectsRejected,
    concurrent_conn_rejected: counts.connectionsRejected,
    single_hop_refused: counts.singleHopRefused,
    introduce2_rejected: relay.circuits?.counts.onion.get(RelayCommand.INTRODUCE1)?.get('rate_limited') ?? 0,
    stream_rejected: counts.streamsRejected,
  });
}

function traffic({ relay, channels }: RelayMetricsDeps): Metric[] {
  const open: Sample[] = [];
  const links = [...channels.channels];
  for (const direction of ['initiated', 'received'] as const) {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const role = direction === 'initiated' ? 'initiator' : 'responder';
      const length = family === 'ipv4' ? 4 : 16;
      const value = links.filter((link) => link.role === role && link.peerAddress?.length === length).length;
      open.push({ labels: { type: 'OR', direction, state: 'opened', family }, value });
    }
  }
  const counts = relay.circuits?.counts;
  return [
    metric(
      'counter',
      'relay_connections_total',
      'Total number of created/rejected connections',
      createdSamples(channels),
    ),
    metric('gauge', 'relay_connections', 'Total number of opened connections', open),
    metric('counter', 'relay_traffic_bytes', 'Traffic related counters', byLabel('direction', relay.limiter.total)),
    metric(
      'counter',
      'relay_streams_total',
      'Total number of streams',
      byLabel('type', {
        BEGIN: counts?.begin ?? 0,
        BEGIN_DIR: counts?.beginDir ?? 0,
        RESOLVE: counts?.resolve ?? 0,
      }),
    ),
  ];
}

function createdSamples({ counts }: ChannelManager): Sample[] {
  const samples: Sample[] = [];
  const add = (direction: 'initiated' | 'received', state: 'created' | 'rejected'): void => {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const value = counts[state === 'rejected' ? 'rejected' : direction][family];
      samples.push({ labels: { type: 'OR', direction, state, family }, value });
    }
  };
  add('initiated', 'created');
  add('received', 'created');
  add('received', 'rejected');
  return samples;
}

function circuits({ relay, channels, netdir }: RelayMetricsDeps): Metric[] {
  const flags = netdir()?.byFingerprint(relay.fingerprint)?.flags;
  const counts = relay.circuits?.counts;
  let destroys = channels.counts.destroysIn;
  for (const { counters } of channels.channels) destroys += counters.destroysIn;
  const has = (flag: boolean | undefined): number => (flag === true ? 1 : 0);
  return [
    metric(
      'gauge',
      'relay_flag',
      'Relay flags from consensus',
      byLabel('type', {
        Fast: has(flags?.fast),
        Exit: has(flags?.exit),
        Authority: has(flags?.authority),
        Stable: has(flags?.stable),
        HSDir: has(flags?.hsDir),
        Running: has(flags?.running),
        V2Dir: has(flags?.v2Dir),
        Sybil: has(flags?.sybil),
        Guard: has(flags?.guard),
      }),
    ),
    metric('gauge', 'relay_circuits_total', 'Total number of circuits', [
      { labels: { state: 'opened' }, value: relay.circuits?.circuits.size ?? 0 },
    ]),
    metric('gauge', 'relay_signing_cert_expiry_timestamp', 'Timestamp at which the current online keys will expire', [
      { value: Math.floor(relay.identity.signingExpiresMs / 1000) },
    ]),
    metric('counter', 'relay_circ_proto_violation_total', 'Total number of circuit protocol violation', [
      { value: counts?.violations ?? 0 },
    ]),
    metric('counter', 'relay_destroy_cell_total', 'Total number of DESTROY cell we received', [{ value: destroys }]),
    metric('counter', 'relay_drop_cell_total', 'Total number of DROP cell we received', [
      { value: counts?.padding ?? 0 },
    ]),
  ];
}

const always = ['success', 'malformed', 'circuit_dead'] as const;

function onionMessages({ relay }: RelayMetricsDeps): Metric[] {
  const total = (name: string, cell: string, command: number, ...more: readonly string[]): Metric => {
    const counts = relay.circuits?.counts.onion.get(command);
    const actions = Object.fromEntries([...always, ...more].map((action) => [action, counts?.get(action) ?? 0]));
    return metric('counter', name, `Total number of ${cell} cells we received`, byLabel('action', actions));
  };
  const { ESTABLISH_RENDEZVOUS, ESTABLISH_INTRO, INTRODUCE1, RENDEZVOUS1 } = RelayCommand;
  const unsuitable = 'unsuitable_circuit';
  return [
    total('relay_est_rend_total', 'EST_REND', ESTABLISH_RENDEZVOUS, unsuitable, 'single_hop', 'duplicate_cookie'),
    total('relay_est_intro_total', 'EST_INTRO', ESTABLISH_INTRO, unsuitable),
    total(
      'relay_intro1_total',
      'INTRO1',
      INTRODUCE1,
      ...['unknown_service', 'rate_limited', 'circuit_reused', 'single_hop'],
    ),
    total('relay_rend1_total', 'REND1', RENDEZVOUS1, unsuitable, 'unknown_cookie'),
  ];
}

const dnsErrors = [
  ...['success', 'format', 'serverfailed', 'notexist', 'notimpl', 'refused'],
  ...['truncated', 'unknown', 'tor_timeout', 'shutdown', 'cancel', 'nodata'],
];

function names({ exit }: RelayMetricsDeps): Metric[] {
  if (exit === undefined) return [];
  const { queries, errors } = exit.resolver;
  const counts = new Map<string, number>(errors);
  const byReason = Object.fromEntries(dnsErrors.map((reason) => [reason, counts.get(reason) ?? 0]));
  return [
    metric('counter', 'relay_exit_dns_query_total', 'Total number of DNS queries done by this relay', [
      { value: queries.A + queries.AAAA + queries.PTR },
    ]),
    metric(
      'counter',
      'relay_exit_dns_error_total',
      'Total number of DNS errors encountered by this relay',
      byLabel('reason', byReason),
    ),
  ];
}

/** Beyond C tor: cells and queues. */
function ownKinds({ relay, channels }: RelayMetricsDeps): Metric[] {
  let [cellsIn, cellsOut, paddingIn, paddingOut, stray] = [0, 0, 0, 0, 0];
  for (const { counters } of channels.channels) {
    cellsIn += counters.cellsIn;
    cellsOut += counters.cellsOut;
    paddingIn += counters.paddingIn;
    paddingOut += counters.paddingOut;
    stray += counters.strayIn;
  }
  const counts = relay.circuits?.counts;
  return [
    metric(
      'gauge',
      'relay_open_link_cells',
      'Cells moved on the links that are open now',
      byLabel('kind', { in: cellsIn, out: cellsOut, padding_in: paddingIn, padding_out: paddingOut, stray }),
    ),
    metric('gauge', 'relay_queued_bytes', 'Bytes of cells that wait in circuit queues', [
      { value: channels.buffers.queuedBytes },
    ]),
    metric('gauge', 'relay_onionskins_waiting', 'Handshakes that wait to be answered', [
      { value: relay.handshakesWaiting },
    ]),
    metric(
      'counter',
      'relay_extends_total',
      'Circuits that went on to another relay',
      byLabel('result', { extended: counts?.extended ?? 0, failed: counts?.extendFailed ?? 0 }),
    ),
  ];
}
