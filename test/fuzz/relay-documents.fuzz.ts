import { fromLatin1, latin1 } from '../../src/base/bytes/index.ts';
import { TorError } from '../../src/base/errors/index.ts';
import {
  makeMicrodescriptor,
  parseDescriptorRule,
  parseExtraInfos,
  parseServerDescriptors,
} from '../../src/wire/netdoc/index.ts';
import { documentText } from '../support/documents.ts';

export const name = 'relay-documents';

const options = { annotations: true, historic: true, dangerouslySkipSignatures: true } as const;
const readers: readonly ((text: Uint8Array) => unknown)[] = [
  (text) => parseServerDescriptors(text, options).documents.map((relay) => makeMicrodescriptor(relay, 35)),
  (text) => parseServerDescriptors(text),
  (text) => parseExtraInfos(text, options),
  (text) => parseDescriptorRule(true, latin1(text)),
];

/** The first byte chooses the kind of document. */
export function fuzz(data: Uint8Array): void {
  try {
    readers[(data[0] ?? 0) % readers.length]?.(data.subarray(1));
  } catch (error) {
    if (!TorError.is(error) || error.kind === 'bug') throw error;
  }
}

export const seeds = (): Uint8Array[] => {
  const recorded = documentText('network-0.4.9.11/server-all').slice(0, 5500);
  return [
    `\x00${recorded}`,
    `\x01${recorded}`,
    `\x00${documentText('server_descriptor_with_ed25519.txt')}`,
    `\x02${documentText('extrainfo_descriptor_with_ed25519.txt')}`,
    '\x0310.0.0.0/255.0.0.0:80-443',
  ].map(fromLatin1);
};
