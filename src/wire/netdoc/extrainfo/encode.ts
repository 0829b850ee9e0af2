import { base16Upper } from '../../../base/bytes/index.ts';
import { formatIdentityCert, signRelayDocument } from '../meta/relay-signatures.ts';
import { formatIsoTime } from '../meta/values.ts';
import type { RelaySigningKeys } from '../routerdesc/types.ts';
import type { ExtraInfoFields } from './types.ts';

/** Authorities take no more; the signatures need their part of it. */
const bodyLimit = 50_000 - 1024;

/**
 * The signed text of an extra-info document. Of statistics that do not fit into what authorities take, the last lines
 * are left out, as C tor does. spec: dir-spec 2.1.2
 */
export function encodeExtraInfo(fields: ExtraInfoFields, keys: RelaySigningKeys): string {
  const head = [
    `extra-info ${fields.nickname} ${base16Upper(fields.rsaId)}\n`,
    formatIdentityCert(keys),
    `published ${formatIsoTime(fields.publishedMs)}\n`,
  ].join('');
  let body = head;
  for (const line of fields.lines) {
    if (body.length + line.length >= bodyLimit) break;
    body += `${line}\n`;
  }
  return signRelayDocument(body, keys);
}
