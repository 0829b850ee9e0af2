import { fromBase16, fromLatin1 } from '../../src/base/bytes/index.ts';
import { TorError } from '../../src/base/errors/index.ts';
import { parseOnionDescriptor } from '../../src/wire/netdoc/index.ts';
import { parseFirstLayer } from '../../src/wire/netdoc/onion/first-layer.ts';
import { parseSecondLayer } from '../../src/wire/netdoc/onion/second-layer.ts';
import { documentText } from '../support/documents.ts';

export const name = 'onion-descriptor';

const signingKey = fromBase16('92e680fa57552e7d484c9d2a3edb46fbc076e54ea90b77bb84e3e6d5657d52a1');
const nowMs = Date.UTC(2017, 7, 1);
const readers: readonly ((text: Uint8Array) => unknown)[] = [
  (text) => parseOnionDescriptor(text, { nowMs }),
  parseFirstLayer,
  (text) => parseSecondLayer(text, { signingKey, nowMs }),
];

/** The first byte chooses the layer. */
export function fuzz(data: Uint8Array): void {
  try {
    readers[(data[0] ?? 0) % readers.length]?.(data.subarray(1));
  } catch (error) {
    if (!TorError.is(error) || error.kind === 'bug') throw error;
  }
}

export const seeds = (): Uint8Array[] =>
  ['hidden_service_v3.txt', 'hidden_service_v3_outer_layer.txt', 'hidden_service_v3_inner_layer.txt'].map(
    (document, kind) => fromLatin1(String.fromCharCode(kind) + documentText(document)),
  );
