import type { ChannelParams } from '../../protocol/channel/index.ts';
import type { CircuitParams, CongestionPath, VegasParams } from '../../protocol/circuit/index.ts';
import type { ConsensusParams, ParamName } from '../netdir/index.ts';

/** C tor: what the stream thresholds of the consensus count in. */
const xoffUnitBytes = 488;
const xonUnitBytes = 498;

/** What circuits take from a consensus. spec: proposal 324, 6.5; param-spec */
export function circuitParams(params: ConsensusParams): CircuitParams {
  const get = (name: ParamName): number => params.get(name);
  const vegas = (path: CongestionPath): VegasParams => ({
    alpha: get(`cc_vegas_alpha_${path}`),
    beta: get(`cc_vegas_beta_${path}`),
    gamma: get(`cc_vegas_gamma_${path}`),
    delta: get(`cc_vegas_delta_${path}`),
    slowStartCap: get(`cc_sscap_${path}`),
  });
  return {
    circuitWindow: get('circwindow'),
    sendmeEmitMinVersion: get('sendme_emit_min_version'),
    sendmeAcceptMinVersion: get('sendme_accept_min_version'),
    maxQueuedCellsIn: get('circ_max_cell_queue_size'),
    maxQueuedCellsOut: get('circ_max_cell_queue_size_out'),
    congestion: {
      enabled: get('cc_alg') !== 0,
      sendmeInc: get('cc_sendme_inc'),
      cwndInit: get('cc_cwnd_init'),
      cwndMin: get('cc_cwnd_min'),
      cwndMax: get('cc_cwnd_max'),
      cwndInc: get('cc_cwnd_inc'),
      cwndIncRate: get('cc_cwnd_inc_rate'),
      cwndIncPercentSlowStart: get('cc_cwnd_inc_pct_ss'),
      slowStartMax: get('cc_ss_max'),
      cwndFullGap: get('cc_cwnd_full_gap'),
      cwndFullMinPercent: get('cc_cwnd_full_minpct'),
      cwndFullPerCwnd: get('cc_cwnd_full_per_cwnd') === 1,
      ewmaCwndPercent: get('cc_ewma_cwnd_pct'),
      ewmaMax: get('cc_ewma_max'),
      ewmaSlowStart: get('cc_ewma_ss'),
      rttResetPercent: get('cc_rtt_reset_pct'),
      paths: { exit: vegas('exit'), onion: vegas('onion'), sbws: vegas('sbws') },
    },
    flow: {
      xoffClientBytes: get('cc_xoff_client') * xoffUnitBytes,
      xoffExitBytes: get('cc_xoff_exit') * xoffUnitBytes,
      xonRateBytes: get('cc_xon_rate') * xonUnitBytes,
      xonChangePercent: get('cc_xon_change_pct'),
      xonEwmaCount: get('cc_xon_ewma_cnt'),
    },
  };
}

/** What links take from a consensus; what the configuration says (`base`) stays. spec: padding-spec 2.1 */
export function channelParams(params: ConsensusParams, base: ChannelParams): ChannelParams {
  return {
    ...base,
    paddingLowMs: params.get('nf_ito_low'),
    paddingHighMs: params.get('nf_ito_high'),
    reducedPaddingLowMs: params.get('nf_ito_low_reduced'),
    reducedPaddingHighMs: params.get('nf_ito_high_reduced'),
    padBeforeUsage: params.get('nf_pad_before_usage') === 1,
    padRelays: params.get('nf_pad_relays') === 1,
    priorityHalflifeMs: params.get('CircuitPriorityHalflifeMsec'),
    queueMax: params.get('circ_max_cell_queue_size'),
  };
}
