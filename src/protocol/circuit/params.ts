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
  /** circ_max_cell_queue_size and circ_max_cell_queue_size_out: a relay closes a circuit with more cells waiting. */
  readonly maxQueuedCellsIn: number;
  readonly maxQueuedCellsOut: number;
  readonly congestion: CongestionParams;
  readonly flow: FlowParams;
}

const tlsRecordCells = 31;
const outbufCells = 2 * tlsRecordCells;

/** What C tor uses when the consensus says nothing. `network/netdir` applies the consensus over it. */
export const defaultCircuitParams: CircuitParams = {
  circuitWindow: 1000,
  sendmeEmitMinVersion: 1,
  sendmeAcceptMinVersion: 0,
  maxQueuedCellsIn: 50_000,
  maxQueuedCellsOut: 50_000,
  congestion: {
    enabled: true,
    sendmeInc: tlsRecordCells,
    cwndInit: 4 * tlsRecordCells,
    cwndMin: 4 * tlsRecordCells,
    cwndMax: 0x7fffffff,
    cwndInc: 1,
    cwndIncRate: tlsRecordCells,
    cwndIncPercentSlowStart: 100,
    slowStartMax: 5000,
    cwndFullGap: 4,
    cwndFullMinPercent: 25,
    cwndFullPerCwnd: true,
    ewmaCwndPercent: 50,
    ewmaMax: 10,
    ewmaSlowStart: 2,
    rttResetPercent: 100,
    paths: {
      exit: {
        alpha: 3 * outbufCells,
        beta: 4 * outbufCells,
        gamma: 3 * outbufCells,
        delta: 5 * outbufCells,
        slowStartCap: 600,
      },
      sbws: {
        alpha: 2 * outbufCells - tlsRecordCells,
        beta: 2 * outbufCells + tlsRecordCells,
        gamma: 2 * outbufCells,
        delta: 4 * outbufCells,
        slowStartCap: 400,
      },
      onion: {
        alpha: 3 * outbufCells,
        beta: 6 * outbufCells,
        gamma: 4 * outbufCells,
        delta: 7 * outbufCells,
        slowStartCap: 475,
      },
    },
  },
  flow: {
    xoffClientBytes: 500 * 488,
    xoffExitBytes: 500 * 488,
    xonRateBytes: 500 * 498,
    xonChangePercent: 25,
    xonEwmaCount: 2,
  },
};
