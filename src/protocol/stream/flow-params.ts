/** Flow control of streams under congestion control, in bytes. spec: proposal 324, 4 */
export interface FlowParams {
  /** cc_xoff_client and cc_xoff_exit times 488: how much may wait at this end before XOFF is sent. */
  readonly xoffClientBytes: number;
  readonly xoffExitBytes: number;
  /** cc_xon_rate times 498: how much drains before the advised rate is computed again. */
  readonly xonRateBytes: number;
  /** cc_xon_change_pct, cc_xon_ewma_cnt */
  readonly xonChangePercent: number;
  readonly xonEwmaCount: number;
}
