/** Consensus parameters and options that every channel of a node shares; replaced as a whole when they change. */
export interface ChannelParams {
  /** nf_ito_low, nf_ito_high: netflow padding goes out after this much silence. Both 0: no padding. */
  readonly paddingLowMs: number;
  readonly paddingHighMs: number;
  /** nf_ito_low_reduced, nf_ito_high_reduced. */
  readonly reducedPaddingLowMs: number;
  readonly reducedPaddingHighMs: number;
  /** nf_pad_before_usage: pad as soon as a multi-hop circuit was built, not only once it carried traffic. */
  readonly padBeforeUsage: boolean;
  /** nf_pad_relays: pad between relays too. */
  readonly padRelays: boolean;
  /** `ConnectionPadding`: 'auto' pads when the peer can, true always, false never and tells the peer so. */
  readonly connectionPadding: boolean | 'auto';
  /** `ReducedConnectionPadding`. */
  readonly reducedPadding: boolean;
  /** CircuitPriorityHalflifeMsec: how fast a circuit's past traffic stops counting against it. */
  readonly priorityHalflifeMs: number;
  /** Cells a circuit may queue before `send` says false, and how few must be left before `writable`. */
  readonly queueHighWater: number;
  readonly queueLowWater: number;
  /** circ_max_cell_queue_size: a circuit with more is destroyed. */
  readonly queueMax: number;
}

export const defaultChannelParams: ChannelParams = {
  paddingLowMs: 1500,
  paddingHighMs: 9500,
  reducedPaddingLowMs: 9000,
  reducedPaddingHighMs: 14000,
  padBeforeUsage: true,
  padRelays: false,
  connectionPadding: 'auto',
  reducedPadding: false,
  priorityHalflifeMs: 30_000,
  queueHighWater: 256,
  queueLowWater: 64,
  queueMax: 50_000,
};
