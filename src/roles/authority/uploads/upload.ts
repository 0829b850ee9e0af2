import { fromBase16, latin1 } from '../../../base/bytes/index.ts';
import {
  type ExtraInfo,
  parseExtraInfos,
  parseServerDescriptors,
  type ServerDescriptor,
} from '../../../wire/netdoc/index.ts';
import { type AddResult, addOutcomes, type KnownRelay, type RouterStore } from './router-store.ts';

/** What is answered to an upload. `headers` go with an answer that has no text. */
export interface UploadAnswer {
  readonly status: number;
  readonly message: string;
  /** Whole lines. */
  readonly headers?: readonly string[];
  /** Relays whose reachability should be looked at now. */
  readonly test: readonly KnownRelay[];
  /** What was taken. */
  readonly descriptors: readonly ServerDescriptor[];
  readonly extraInfos: readonly ExtraInfo[];
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `POST /tor/`: descriptors and extra-info documents together. The answers are C tor's. */
export function acceptUpload(store: RouterStore, body: Uint8Array, nowMs: number): UploadAnswer {
  if (!isUtf8(body)) {
    const message = 'descriptor(s) or extrainfo(s) not valid UTF-8 or had BOM.';
    return { status: 400, message, test: [], descriptors: [], extraInfos: [] };
  }
  const text = latin1(body);
  const descriptors = parseServerDescriptors(text).documents.map(
    (document) => ({ document, result: store.addUploaded(document, nowMs) }) as const,
  );
  const extraInfos = parseExtraInfos(text, {
    identityKey: (fingerprint) => store.find(fromBase16(fingerprint))?.descriptor.identityKey,
  }).documents.map((document) => ({ document, result: store.addExtraInfo(document) }) as const);
  const results = [...descriptors, ...extraInfos].map(({ result }) => result);
  return {
    ...answerOf(results),
    test: results.flatMap((result) => result.test ?? []),
    descriptors: taken(descriptors),
    extraInfos: taken(extraInfos),
  };
}

const taken = <T>(parts: readonly { readonly document: T; readonly result: AddResult }[]): T[] =>
  parts.flatMap(({ document, result }) => (result.outcome === 'added' ? [document] : []));

function answerOf(results: readonly AddResult[]): Pick<UploadAnswer, 'status' | 'message' | 'headers'> {
  const [first] = results;
  // Nothing could be read: C tor takes that for a success and has no words for it.
  if (first === undefined) return { status: 200, message: '[None]' };
  const gravest = results.reduce((a, b) => (gravity(b) < gravity(a) ? b : a), first);
  switch (gravest.outcome) {
    case 'added':
      return { status: 200, message: '(no message)' };
    case 'not-new':
    case 'too-old':
      return { status: 200, message: 'OK', headers: ['X-Descriptor-Not-New: Yes'] };
    case 'rejected':
    case 'bad-extrainfo':
      return { status: 400, message: gravest.message };
  }
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
