import type { FlowParams } from '../stream/index.ts';

/** Tor-Vegas thresholds for one kind of path, in cells. spec: proposal 324, 3.3 and 6.5 */
export interface VegasParams {
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  readonly delta: number;
  /** cc_sscap_*: where limited slow start begins (RFC 3742). */
  readonly slowStartCap: number;
}

/** Which thresholds a hop uses: three hops or more to an exit, two hops (or one), or an onion service circuit. */
export type CongestionPath = 'exit' | 'sbws' | 'onion';

/** Congestion control, as the consensus and C tor's defaults set it. Names of the parameters in comments. */
export interface CongestionParams {
  /** cc_alg is not 0: hops that support it use Vegas. */
  readonly enabled: boolean;
  /** cc_sendme_inc */
  readonly sendmeInc: number;
  /** cc_cwnd_init, cc_cwnd_min, cc_cwnd_max */
  readonly cwndInit: number;
  readonly cwndMin: number;
  readonly cwndMax: number;
  /** cc_cwnd_inc, cc_cwnd_inc_rate, cc_cwnd_inc_pct_ss */
  readonly cwndInc: number;
  readonly cwndIncRate: number;
  readonly cwndIncPercentSlowStart: number;
  /** cc_ss_max */
  readonly slowStartMax: number;
  /** cc_cwnd_full_gap, cc_cwnd_full_minpct, cc_cwnd_full_per_cwnd */
  readonly cwndFullGap: number;
  readonly cwndFullMinPercent: number;
  readonly cwndFullPerCwnd: boolean;
  /** cc_ewma_cwnd_pct, cc_ewma_max, cc_ewma_ss */
  readonly ewmaCwndPercent: number;
  readonly ewmaMax: number;
  readonly ewmaSlowStart: number;
  /** cc_rtt_reset_pct */
  readonly rttResetPercent: number;
  /** cc_vegas_{alpha,beta,gamma,delta}_* and cc_sscap_* */
  readonly paths: Readonly<Record<CongestionPath, VegasParams>>;
}

/** Everything a circuit takes from the consensus, as plain numbers. */
export interface CircuitParams {
  /** circwindow: cells, for hops without congestion control. */
  readonly circuitWindow: number;
  /** sendme_emit_min_version, sendme_accept_min_version */
  readonly sendmeEmitMinVersion: number;
  readonly sendmeAcceptMinVersion: number;
  readonly congestion: CongestionParams;
  readonly flow: FlowParams;
}
