import type { StreamTableSettings } from '../stream/index.ts';
import { halfClosedMs } from '../stream/index.ts';
import type { CircuitParams } from './params.ts';

/** Streams that we open: through an exit, or (virtual hop) to an onion service. */
export function clientStreams({ flow }: CircuitParams, virtual: boolean): StreamTableSettings {
  const peer = virtual ? flow.xoffClientBytes : flow.xoffExitBytes;
  return {
    flow,
    xoffLimitBytes: flow.xoffClientBytes,
    peerXoffLimitBytes: peer,
    peerXonLimitBytes: Math.min(peer, flow.xonRateBytes),
    maskReasons: true,
    strict: true,
    halfClosedMs: virtual ? 2 * halfClosedMs : halfClosedMs,
  };
}

/** Streams that clients open to our onion service. */
export function serviceStreams({ flow }: CircuitParams): StreamTableSettings {
  return {
    flow,
    xoffLimitBytes: flow.xoffClientBytes,
    peerXoffLimitBytes: flow.xoffClientBytes,
    peerXonLimitBytes: Math.min(flow.xoffClientBytes, flow.xonRateBytes),
    maskReasons: false,
    strict: true,
    halfClosedMs: 2 * halfClosedMs,
  };
}

/** Streams that clients open through this relay. */
export function exitStreams({ flow }: CircuitParams): StreamTableSettings {
  return {
    flow,
    xoffLimitBytes: flow.xoffExitBytes,
    peerXoffLimitBytes: undefined,
    peerXonLimitBytes: undefined,
    maskReasons: false,
    strict: false,
  };
}
