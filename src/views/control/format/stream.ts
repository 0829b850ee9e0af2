import type { StreamInfo } from '../../../network/circuits/index.ts';
import { endReasonName } from '../../../wire/relaymsg/index.ts';

const statusNames: Readonly<Record<StreamInfo['status'], string>> = {
  new: 'NEW',
  newresolve: 'NEWRESOLVE',
  sentconnect: 'SENTCONNECT',
  sentresolve: 'SENTRESOLVE',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  closed: 'CLOSED',
  detached: 'DETACHED',
  'controller-wait': 'CONTROLLER_WAIT',
};

export const streamLine = ({ id, status, circuitId, target }: StreamInfo): string =>
  `${id} ${statusNames[status]} ${circuitId} ${target}`;

/** STREAM's arguments. spec: control-spec 4.1.2 */
export function streamEvent(info: StreamInfo): string {
  const parts = [streamLine(info)];
  const { end, error, source, status } = info;
  if (end !== undefined) {
    const name = endReasonName(end.reason)
      .toUpperCase()
      .replaceAll(/[^A-Z]+/g, '_');
    parts.push(end.remote ? `REASON=END REMOTE_REASON=${name}` : `REASON=${name}`);
  } else if (error !== undefined) parts.push(`REASON=${error.code === 'TIMEOUT' ? 'TIMEOUT' : 'MISC'}`);
  if (status === 'new' || status === 'newresolve') {
    if (source !== undefined) parts.push(`SOURCE_ADDR=${source}`);
    parts.push(status === 'new' ? 'PURPOSE=USER' : 'PURPOSE=DNS_REQUEST');
  }
  return parts.join(' ');
}
