import type { ChannelManager } from '../../../network/channels/index.ts';
import type { LinkChannel } from '../../../protocol/channel/index.ts';
import type { TrafficTotals } from '../../../views/control/index.ts';

/** A cell with a circuit id of four bytes; what TLS and TCP add is not counted. */
const cellLength = 514;

/** Bytes over all links since the start, from the cells they counted. */
export function countTraffic(channels: ChannelManager): () => TrafficTotals {
  const gone = { read: 0, written: 0 };
  channels.events.on('closed', ({ channel }) => {
    gone.read += bytesIn(channel);
    gone.written += bytesOut(channel);
  });
  return () => {
    let { read, written } = gone;
    for (const channel of channels.channels) {
      read += bytesIn(channel);
      written += bytesOut(channel);
    }
    return { read, written };
  };
}

const bytesIn = ({ counters }: LinkChannel): number => counters.cellsIn * cellLength;
const bytesOut = ({ counters }: LinkChannel): number => counters.cellsOut * cellLength;
