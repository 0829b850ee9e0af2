export interface ParamInfo {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

const int32Max = 2147483647;
const p = (min: number, max: number, fallback: number): ParamInfo => ({ min, max, default: fallback });

/**
 * Every network parameter C tor 0.4.9 asks for: lowest and highest value taken, and the value without a consensus.
 *
 * spec: param-spec. Where the two differ this follows the code: sendme_emit_min_version is 1, refuseunknownexits 1,
 * hsdir_interval may be as low as 5, circ_max_cell_queue_size is 2500, KISTSchedRunInterval 2 to 100.
 */
export const paramTable = {
  // circuit windows, relay behaviour
  circwindow: p(100, 1000, 1000),
  sendme_emit_min_version: p(0, 255, 1),
  sendme_accept_min_version: p(0, 255, 0),
  min_paths_for_circs_pct: p(25, 95, 60),
  ExtendByEd25519ID: p(0, 1, 0),
  'allow-network-reentry': p(0, 1, 0),
  AllowNonearlyExtend: p(0, 1, 0),
  refuseunknownexits: p(0, 1, 1),
  'onion-key-rotation-days': p(1, 90, 28),
  'onion-key-grace-period-days': p(1, 90, 7),
  'publish-dummy-tap-key': p(0, 1, 1),
  'publish-family-list': p(0, 1, 1),
  'use-family-lists': p(0, 1, 1),
  'use-family-ids': p(0, 1, 1),
  'assume-reachable': p(0, 1, 0),
  'assume-reachable-ipv6': p(0, 1, 0),
  exit_dns_timeout: p(1, 120000, 1000),
  exit_dns_num_attempts: p(0, 255, 2),
  overload_onionskin_ntor_scale_percent: p(0, 100000, 1000),
  overload_onionskin_ntor_period_secs: p(0, int32Max, 21600),
  MaxOnionQueueDelay: p(1, int32Max, 1750),
  onion_queue_wait_cutoff: p(1, int32Max, 5),
  max_pending_tasks_per_cpu: p(1, int32Max, 64),
  // scheduling and queues
  CircuitPriorityHalflifeMsec: p(1, int32Max, 30000),
  CircuitPriorityTickSecs: p(1, 600, 10),
  KISTSchedRunInterval: p(2, 100, 2),
  KISTSchedRunIntervalClient: p(2, 100, 2),
  circ_max_cell_queue_size: p(50, int32Max, 2500),
  circ_max_cell_queue_size_out: p(50, int32Max, 2500),
  cellq_low: p(1, 1000, 10),
  cellq_high: p(1, 1000, 256),
  orconn_low: p(509, int32Max, 16384),
  orconn_high: p(509, int32Max, 32768),
  // congestion control (proposal 324)
  cc_alg: p(0, 3, 2),
  cc_bwe_min: p(2, 20, 5),
  cc_sendme_inc: p(1, 254, 31),
  cc_cwnd_init: p(31, 10000, 124),
  cc_cwnd_min: p(31, 1000, 124),
  cc_cwnd_max: p(500, int32Max, int32Max),
  cc_cwnd_inc: p(1, 1000, 1),
  cc_cwnd_inc_rate: p(1, 250, 31),
  cc_cwnd_inc_pct_ss: p(1, 500, 100),
  cc_cwnd_full_gap: p(0, 32767, 4),
  cc_cwnd_full_minpct: p(0, 100, 25),
  cc_cwnd_full_per_cwnd: p(0, 1, 1),
  cc_ss_max: p(500, int32Max, 5000),
  cc_ewma_cwnd_pct: p(1, 255, 50),
  cc_ewma_max: p(2, int32Max, 10),
  cc_ewma_ss: p(2, int32Max, 2),
  cc_rtt_reset_pct: p(0, 100, 100),
  cc_sscap_exit: p(100, int32Max, 600),
  cc_sscap_onion: p(100, int32Max, 475),
  cc_sscap_sbws: p(100, int32Max, 400),
  cc_vegas_alpha_exit: p(0, 1000, 186),
  cc_vegas_beta_exit: p(0, 1000, 248),
  cc_vegas_gamma_exit: p(0, 1000, 186),
  cc_vegas_delta_exit: p(0, int32Max, 310),
  cc_vegas_alpha_onion: p(0, 1000, 186),
  cc_vegas_beta_onion: p(0, 1000, 372),
  cc_vegas_gamma_onion: p(0, 1000, 248),
  cc_vegas_delta_onion: p(0, int32Max, 434),
  cc_vegas_alpha_sbws: p(0, 1000, 93),
  cc_vegas_beta_sbws: p(0, 1000, 155),
  cc_vegas_gamma_sbws: p(0, 1000, 124),
  cc_vegas_delta_sbws: p(0, int32Max, 248),
  cc_xoff_client: p(1, 10000, 500),
  cc_xoff_exit: p(1, 10000, 500),
  cc_xon_rate: p(1, 5000, 500),
  cc_xon_change_pct: p(1, 99, 25),
  cc_xon_ewma_cnt: p(2, 100, 2),
  // conflux (proposal 329)
  cfx_enabled: p(0, 1, 1),
  cfx_low_exit_threshold: p(0, 10000, 6000),
  cfx_max_linked_set: p(0, 255, 10),
  cfx_max_prebuilt_set: p(0, 255, 3),
  cfx_max_unlinked_leg_retry: p(0, 255, 3),
  cfx_num_legs_set: p(0, 255, 2),
  cfx_max_legs_set: p(3, 255, 8),
  cfx_max_oooq_bytes: p(0, int32Max, int32Max),
  cfx_drain_pct: p(0, 255, 0),
  cfx_send_pct: p(0, 255, 100),
  // voting; AuthDirNumSRVAgreements and maxunmeasuredbw are read from votes
  bwweightscale: p(1, int32Max, 10000),
  maxunmeasuredbw: p(1, int32Max, 20),
  FastFlagMinThreshold: p(4, int32Max, 4),
  FastFlagMaxThreshold: p(4, int32Max, int32Max),
  UseGuardFraction: p(0, 1, 0),
  // circuit build timeouts (path-spec 2.4)
  cbtdisabled: p(0, 1, 0),
  cbtnummodes: p(1, 20, 10),
  cbtrecentcount: p(3, 1000, 20),
  cbtmaxtimeouts: p(3, 10000, 18),
  cbtmincircs: p(1, 10000, 100),
  cbtquantile: p(10, 99, 80),
  cbtclosequantile: p(10, 99, 99),
  cbttestfreq: p(1, int32Max, 10),
  cbtmintimeout: p(10, int32Max, 10),
  cbtinitialtimeout: p(10, int32Max, 60000),
  cbtlearntimeout: p(10, 60000, 180),
  cbtmaxopencircs: p(0, 14, 10),
  // directory
  'max-consensus-age-to-cache-for-diff': p(0, 8192, 8192),
  'try-diff-for-consensus-newer-than': p(0, 8192, 72),
  // path bias
  pb_mincircs: p(5, int32Max, 150),
  pb_noticepct: p(0, 100, 70),
  pb_warnpct: p(0, 100, 50),
  pb_extremepct: p(0, 100, 30),
  pb_dropguards: p(0, 1, 0),
  pb_scalecircs: p(10, int32Max, 300),
  pb_scalefactor: p(2, int32Max, 2),
  pb_multfactor: p(1, int32Max, 1),
  pb_minuse: p(3, int32Max, 20),
  pb_noticeusepct: p(0, 100, 80),
  pb_extremeusepct: p(0, 100, 60),
  pb_scaleuse: p(10, int32Max, 100),
  // onion services
  hsdir_interval: p(5, 14400, 1440),
  hsdir_n_replicas: p(1, 16, 2),
  hsdir_spread_fetch: p(1, 128, 3),
  hsdir_spread_store: p(1, 128, 4),
  HSV3MaxDescriptorSize: p(1, int32Max, 50000),
  hs_service_max_rdv_failures: p(1, 10, 2),
  hs_intro_min_introduce2: p(0, int32Max, 16384),
  hs_intro_max_introduce2: p(0, int32Max, 32768),
  hs_intro_min_lifetime: p(0, int32Max, 64800),
  hs_intro_max_lifetime: p(0, int32Max, 86400),
  hs_intro_num_extra: p(0, 128, 2),
  HiddenServiceEnableIntroDoSDefense: p(0, 1, 0),
  HiddenServiceEnableIntroDoSBurstPerSec: p(0, int32Max, 200),
  HiddenServiceEnableIntroDoSRatePerSec: p(0, int32Max, 25),
  // denial of service
  DoSCircuitCreationEnabled: p(0, 1, 0),
  DoSCircuitCreationMinConnections: p(1, int32Max, 3),
  DoSCircuitCreationRate: p(1, int32Max, 3),
  DoSCircuitCreationBurst: p(1, int32Max, 90),
  DoSCircuitCreationDefenseType: p(1, 2, 2),
  DoSCircuitCreationDefenseTimePeriod: p(0, int32Max, 3600),
  DoSConnectionEnabled: p(0, 1, 0),
  DoSConnectionMaxConcurrentCount: p(1, int32Max, 100),
  DoSConnectionDefenseType: p(1, 2, 2),
  DoSConnectionConnectRate: p(1, int32Max, 20),
  DoSConnectionConnectBurst: p(1, int32Max, 40),
  DoSConnectionConnectDefenseTimePeriod: p(10, int32Max, 86400),
  DoSStreamCreationEnabled: p(0, 1, 0),
  DoSStreamCreationRate: p(1, int32Max, 100),
  DoSStreamCreationBurst: p(1, int32Max, 300),
  DoSStreamCreationDefenseType: p(1, 3, 2),
  DoSRefuseSingleHopClientRendezvous: p(0, 1, 0),
  dos_num_circ_max_outq: p(0, int32Max, 3),
  // padding
  nf_conntimeout_clients: p(60, 86400, 1800),
  nf_conntimeout_relays: p(60, 604800, 3600),
  nf_ito_low: p(0, 60000, 1500),
  nf_ito_high: p(0, 60000, 9500),
  nf_ito_low_reduced: p(0, 60000, 9000),
  nf_ito_high_reduced: p(0, 60000, 14000),
  nf_pad_before_usage: p(0, 1, 1),
  nf_pad_relays: p(0, 1, 0),
  nf_pad_single_onion: p(0, 1, 1),
  circpad_global_allowed_cells: p(0, 65534, 0),
  circpad_global_max_padding_pct: p(0, 100, 0),
  circpad_max_circ_queued_cells: p(0, 50000, 1000),
  circpad_padding_disabled: p(0, 1, 0),
  circpad_padding_reduced: p(0, 1, 0),
  // guards (guard-spec, vanguards-spec)
  'guard-lifetime-days': p(1, 3650, 120),
  'guard-confirmed-min-lifetime-days': p(1, 3650, 60),
  'guard-remove-unlisted-guards-after-days': p(1, 3650, 20),
  'guard-max-sample-threshold-percent': p(1, 100, 20),
  'guard-max-sample-size': p(1, int32Max, 60),
  'guard-min-filtered-sample-size': p(1, int32Max, 20),
  'guard-n-primary-guards': p(1, int32Max, 3),
  'guard-n-primary-guards-to-use': p(1, int32Max, 1),
  'guard-n-primary-dir-guards-to-use': p(1, int32Max, 3),
  'guard-internet-likely-down-interval': p(1, int32Max, 600),
  'guard-nonprimary-guard-connect-timeout': p(1, int32Max, 15),
  'guard-nonprimary-guard-idle-timeout': p(1, int32Max, 600),
  'guard-meaningful-restriction-percent': p(1, int32Max, 20),
  'guard-extreme-restriction-percent': p(1, 100, 1),
  'vanguards-lite-enabled': p(0, 1, 1),
  'guard-hs-l2-number': p(1, 19, 4),
  'guard-hs-l2-lifetime-min': p(1, int32Max, 86400),
  'guard-hs-l2-lifetime-max': p(1, int32Max, 1036800),
} as const satisfies Record<string, ParamInfo>;

export type ParamName = keyof typeof paramTable;

/** Network parameters in force. */
export interface ConsensusParams {
  /** The consensus' value held to the range, or the default. */
  get(name: ParamName): number;
  /** What the consensus itself says, of any name. */
  raw(name: string): number | undefined;
}

/** Parameters of a consensus, or all defaults; `overrides` are what the operator set in its place (lab, tests). */
export function consensusParams(
  fromConsensus: ReadonlyMap<string, number>,
  overrides: ReadonlyMap<string, number> = noParams,
): ConsensusParams {
  const raw = (name: string): number | undefined => overrides.get(name) ?? fromConsensus.get(name);
  return {
    raw,
    get: (name) => {
      const info: ParamInfo = paramTable[name];
      const value = raw(name);
      return value === undefined ? derivedDefault(name, raw) : Math.min(info.max, Math.max(info.min, value));
    },
  };
}

const noParams: ReadonlyMap<string, number> = new Map();

/** Two defaults follow another parameter. */
function derivedDefault(name: ParamName, raw: (name: string) => number | undefined): number {
  const info: ParamInfo = paramTable[name];
  if (name === 'circ_max_cell_queue_size_out') {
    const other = raw('circ_max_cell_queue_size');
    return other === undefined ? info.default : Math.max(info.min, other);
  }
  return info.default;
}

/** All defaults: before there is a consensus. */
export const defaultParams: ConsensusParams = consensusParams(noParams);
