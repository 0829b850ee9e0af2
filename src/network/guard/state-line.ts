import { fromBase16 } from '../../base/bytes/index.ts';
import { formatIpPort, parseIp } from '../../base/ip/index.ts';
import { isNickname } from '../netdir/index.ts';
import { formatIsoTime, parseIsoTime } from '../storage/index.ts';
import { type BridgeAddress, EntryGuard, pathBiasFields } from './entry-guard.ts';

/** Path bias counters below this are not written. */
const epsilon = 1e-6;
/** Where guards without a readable place go: behind all others. */
const noIndex = 1_000_000;
const maxIndex = 2147483647;

/** The value of a `Guard` line of the state file, as C tor writes it. `index` is the place in the sample, without gaps. */
export function formatGuardLine(guard: EntryGuard, index: number): string {
  const words = [`in=${guard.selectionName}`, `rsa_id=${guard.fingerprint}`];
  if (guard.bridge !== undefined) words.push(`bridge_addr=${formatIpPort(guard.bridge.address, guard.bridge.port)}`);
  if (isNickname(guard.nickname)) words.push(`nickname=${guard.nickname}`);
  words.push(`sampled_on=${formatIsoTime(guard.sampledOnSec, 'T')}`, `sampled_idx=${index}`);
  if (guard.sampledBy !== undefined) words.push(`sampled_by=${guard.sampledBy}`);
  if (guard.unlistedSinceSec > 0) words.push(`unlisted_since=${formatIsoTime(guard.unlistedSinceSec, 'T')}`);
  words.push(`listed=${guard.listed ? 1 : 0}`);
  if (guard.confirmed) {
    words.push(`confirmed_on=${formatIsoTime(guard.confirmedOnSec, 'T')}`, `confirmed_idx=${guard.confirmedIndex}`);
  }
  for (const [word, field] of pathBiasFields) {
    if (guard.pathBias[field] >= epsilon) words.push(`${word}=${guard.pathBias[field].toFixed(6)}`);
  }
  return [...words, ...guard.extra].join(' ');
}

const knownWords = new Set<string>([
  'in',
  'rsa_id',
  'bridge_addr',
  'nickname',
  'sampled_on',
  'sampled_idx',
  'sampled_by',
  'unlisted_since',
  'listed',
  'confirmed_on',
  'confirmed_idx',
  ...pathBiasFields.map(([word]) => word),
]);

/**
 * Reads a `Guard` line. Undefined when selection or identity cannot be read; anything else that is wrong takes a
 * harmless value, and unknown words are kept.
 */
export function parseGuardLine(line: string, nowSec: number): EntryGuard | undefined {
  const words = new Map<string, string>();
  const extra: string[] = [];
  for (const word of line.split(' ')) {
    if (word === '') continue;
    const equals = word.indexOf('=');
    const key = word.slice(0, Math.max(0, equals));
    if (equals > 0 && knownWords.has(key) && !words.has(key)) words.set(key, word.slice(equals + 1));
    else extra.push(word);
  }
  const selectionName = words.get('in');
  const id = words.get('rsa_id');
  if (!selectionName || selectionName === 'legacy' || id === undefined || !/^[0-9A-Fa-f]{40}$/.test(id))
    return undefined;
  const bridge = parseBridgeAddress(words.get('bridge_addr'));
  const nickname = words.get('nickname') ?? (bridge === undefined ? `$${id.toUpperCase()}` : '');
  const sampled = { onSec: time(words.get('sampled_on')) || nowSec, index: sampledIndex(words) };
  const guard = new EntryGuard(selectionName, { rsaId: fromBase16(id), nickname, bridge }, sampled);
  guard.sampledBy = words.get('sampled_by');
  guard.listed = words.has('listed') && words.get('listed') !== '0';
  guard.unlistedSinceSec = time(words.get('unlisted_since'));
  guard.confirmedOnSec = time(words.get('confirmed_on'));
  guard.confirmedIndex = index(words.get('confirmed_idx')) ?? -1;
  guard.extra = extra;
  for (const [word, field] of pathBiasFields) guard.pathBias[field] = counter(words.get(word));
  return guard;
}

const time = (text: string | undefined): number => (text === undefined ? 0 : (parseIsoTime(text) ?? 0));

function index(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= maxIndex ? Number(text) : undefined;
}

function sampledIndex(words: ReadonlyMap<string, string>): number {
  if (words.has('sampled_idx')) return index(words.get('sampled_idx')) ?? noIndex;
  // Old versions kept no order of sampling; the order of confirmation stands in.
  return index(words.get('confirmed_idx')) ?? noIndex;
}

function counter(text: string | undefined): number {
  const value = text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  return value <= 1e9 ? value : 0;
}

function parseBridgeAddress(text: string | undefined): BridgeAddress | undefined {
  const match = /^(.*):(\d{1,5})$/.exec(text ?? '');
  const address = match === null ? undefined : parseIp(match[1] as string);
  const port = Number(match?.[2]);
  return address === undefined || port > 65535 ? undefined : { address, port };
}
