import { base16Upper, base64Unpadded } from '../../../base/bytes/index.ts';
import { formatIp, formatIpPort } from '../../../base/ip/index.ts';
import {
  type Ed25519SecretKey,
  ed25519Sign,
  expandedKeyFromCurve25519,
  type RsaPublicKey,
} from '../../../crypto/primitives/index.ts';
import { CertType, makeEd25519Cert, rsaOnionKeyCrossCertDigest } from '../../cert/index.ts';
import { formatPortSummary, rejectsAllPorts } from '../meta/fields.ts';
import { formatIdentityCert, signRelayDocument } from '../meta/relay-signatures.ts';
import { formatIsoTime, formatObject } from '../meta/values.ts';
import { formatDescriptorRule } from '../policy/rules.ts';
import type { ServerDescriptorFields, ServerDescriptorKeys } from './types.ts';

/** The signed text of a server descriptor, its lines in C tor's order and form. spec: dir-spec 2.1.1 */
export function encodeServerDescriptor(fields: ServerDescriptorFields, keys: ServerDescriptorKeys): string {
  const body = [head(fields, keys), keyLines(fields, keys), tail(fields, keys)].join('');
  return signRelayDocument(body, keys);
}

const optional = <T>(value: T | undefined, line: (value: T) => string): string =>
  value === undefined ? '' : line(value);

function head(fields: ServerDescriptorFields, keys: ServerDescriptorKeys): string {
  const fingerprint = base16Upper(keys.identityKey.publicKey.fingerprint).replace(/.{4}(?!$)/g, '$& ');
  return [
    `router ${fields.nickname} ${formatIp(fields.address)} ${fields.orPort} 0 ${fields.dirPort}\n`,
    `${formatIdentityCert(keys)}master-key-ed25519 ${base64Unpadded(keys.ed25519Id)}\n`,
    optional(fields.ipv6, ({ address, port }) => `or-address ${formatIpPort(address, port)}\n`),
    `platform ${fields.platform}\nproto ${fields.protover}\n`,
    `published ${formatIsoTime(fields.publishedMs)}\nfingerprint ${fingerprint}\n`,
    optional(fields.uptimeSec, (seconds) => `uptime ${Math.floor(seconds)}\n`),
    `bandwidth ${fields.bandwidthRate} ${fields.bandwidthBurst} ${fields.bandwidthObserved}\n`,
    optional(fields.extraInfoDigest, ({ sha1, sha256 }) => {
      return `extra-info-digest ${base16Upper(sha1)}${optional(sha256, (digest) => ` ${base64Unpadded(digest)}`)}\n`;
    }),
    fields.cachesExtraInfo === true ? 'caches-extra-info\n' : '',
  ].join('');
}

const formatRsaKey = (key: RsaPublicKey): string => formatObject('RSA PUBLIC KEY', key.der);

/** As C tor, which reckons with the longest life that a consensus gives onion keys by default. */
const onionKeyLifetimeMs = 28 * 86_400_000;
const familyCertLifetimeMs = 30 * 86_400_000;

function keyLines(fields: ServerDescriptorFields, keys: ServerDescriptorKeys): string {
  const { onionKey, identityKey, ed25519Id } = keys;
  const identity = identityKey.publicKey;
  return [
    optional(onionKey, (key) => `onion-key\n${formatRsaKey(key.publicKey)}`),
    `signing-key\n${formatRsaKey(identity)}`,
    optional(onionKey, (key) => {
      const signature = key.signDigest(rsaOnionKeyCrossCertDigest(identity.fingerprint, ed25519Id));
      return `onion-key-crosscert\n${formatObject('CROSSCERT', signature)}`;
    }),
    ntorCrossCert(keys, fields.ntorCertExpiresMs ?? fields.publishedMs + onionKeyLifetimeMs),
  ].join('');
}

function ntorCrossCert({ ntorKey, ed25519Id }: ServerDescriptorKeys, expiresAtMs: number): string {
  const { key, signBit } = expandedKeyFromCurve25519(ntorKey.secretKey);
  const cert = makeEd25519Cert(
    { type: CertType.NTOR_ONION_IDENTITY, certifiedKey: ed25519Id, expiresAtMs },
    (message) => ed25519Sign(message, key),
  );
  return `ntor-onion-key-crosscert ${signBit}\n${formatObject('ED25519 CERT', cert)}`;
}

function tail(fields: ServerDescriptorFields, keys: ServerDescriptorKeys): string {
  const { family = [], ipv6Policy } = fields;
  const rules = fields.exitPolicy.map(formatDescriptorRule).filter((line) => line !== undefined);
  const certs = [
    ...(keys.familyCerts ?? []),
    ...(keys.familyKeys ?? []).map((key) => familyCert(key, keys.ed25519Id, fields.publishedMs)),
  ];
  return [
    family.length > 0 ? `family ${family.join(' ')}\n` : '',
    fields.hibernating === true ? 'hibernating 1\n' : '',
    fields.isHsDir === true ? 'hidden-service-dir\n' : '',
    ...certs.map((cert) => `family-cert\n${formatObject('FAMILY CERT', cert)}`),
    optional(fields.contact || undefined, (contact) => `contact ${oneLine(contact)}\n`),
    optional(fields.bridgeDistribution, (way) => `bridge-distribution-request ${way.toLowerCase()}\n`),
    `ntor-onion-key ${base64Unpadded(keys.ntorKey.publicKey)}\n`,
    rules.length > 0 ? rules.join('') : 'reject *:*\n',
    ipv6Policy === undefined || rejectsAllPorts(ipv6Policy) ? '' : `ipv6-policy ${formatPortSummary(ipv6Policy)}\n`,
    fields.tunnelledDirServer === true ? 'tunnelled-dir-server\n' : '',
    optional(fields.overloadGeneralMs, (ms) => `overload-general 1 ${formatIsoTime(ms)}\n`),
  ].join('');
}

/** A family's key vouches for a relay. spec: proposal 321 */
function familyCert(key: Ed25519SecretKey, certifiedKey: Uint8Array, publishedMs: number): Uint8Array {
  const fields = {
    type: CertType.FAMILY_IDENTITY,
    certifiedKey,
    expiresAtMs: publishedMs + familyCertLifetimeMs,
    signingKey: key.publicKey,
  };
  return makeEd25519Cert(fields, (message) => ed25519Sign(message, key));
}

/** A contact of several lines is written as a string of C, as C tor does. */
const oneLine = (text: string): string => (/[\r\n]/.test(text) ? JSON.stringify(text) : text);
