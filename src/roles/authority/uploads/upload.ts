import { latin1 } from '../../../base/bytes/index.ts';
import { parseExtraInfos, parseServerDescriptors } from '../../../wire/netdoc/index.ts';
import { type AddResult, addOutcomes, type KnownRelay, type RouterStore } from './router-store.ts';

/** What is answered to an upload. `headers` go with an answer that has no text. */
export interface UploadAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Relays whose reachability should be looked at now. */
  readonly test: readonly KnownRelay[];
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `POST /tor/`: descriptors and extra-info documents together. The answers are C tor's. */
export function acceptUpload(store: RouterStore, body: Uint8Array, nowMs: number): UploadAnswer {
  if (!isUtf8(body)) {
    return { status: 400, reason: 'descriptor(s) or extrainfo(s) not valid UTF-8 or had BOM.', test: [] };
  }
  const text = latin1(body);
  const results: AddResult[] = parseServerDescriptors(text).documents.map((each) => store.addUploaded(each, nowMs));
  const { documents } = parseExtraInfos(text, {
    identityKey: (fingerprint) => store.find(Uint8Array.from(Buffer.from(fingerprint, 'hex')))?.descriptor.identityKey,
  });
  results.push(...documents.map((each) => store.addExtraInfo(each)));
  const test = results.flatMap((result) => result.test ?? []);
  const nothing: AddResult = { outcome: 'not-new', message: 'No descriptors found in your POST.' };
  const gravest = results.reduce((a, b) => (gravity(b) < gravity(a) ? b : a), results[0] ?? nothing);
  if (gravest.outcome === 'added') return { status: 200, reason: '(no message)', test };
  if (gravest.outcome === 'not-new' || gravest.outcome === 'too-old') {
    return { status: 200, reason: 'OK', headers: { 'X-Descriptor-Not-New': 'Yes' }, test };
  }
  return { status: 400, reason: gravest.message, test };
}

const gravity = (result: AddResult): number => addOutcomes.indexOf(result.outcome);

function isUtf8(body: Uint8Array): boolean {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return false;
  try {
    utf8.decode(body);
    return true;
  } catch {
    return false;
  }
}
