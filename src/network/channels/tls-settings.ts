import type { Random } from '../../base/runtime/index.ts';

/** What a C tor client offers, in its order, which is Firefox's. */
const clientCiphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
];

/** What a C tor relay accepts: forward secrecy only, its own order wins. */
const serverCiphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

/** Level 1 admits the 1024-bit RSA identities that sign link certificates. */
const securityLevel = '@SECLEVEL=1';

/** SSL_OP_NO_TICKET: no session tickets, for forward secrecy. */
const noTicket = 0x4000;

/** C tor's groups; a hybrid ML-KEM group first where the TLS library knows it. */
function groups(openssl: string): string {
  const [major = 0, minor = 0] = openssl.split('.').map(Number);
  const modern = major > 3 || (major === 3 && minor >= 5);
  return modern ? '?*X25519MLKEM768 / ?SecP256r1MLKEM768 / *P-256:?X25519:P-224' : 'P-256:X25519:P-224';
}

const common = (openssl: string) =>
  ({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', ecdhCurve: groups(openssl) }) as const;

export const clientTlsSettings = (openssl = process.versions.openssl) => ({
  ...common(openssl),
  ciphers: `${clientCiphers.join(':')}:${securityLevel}`,
});

export const serverTlsSettings = (openssl = process.versions.openssl) => ({
  ...common(openssl),
  ciphers: `${serverCiphers.join(':')}:${securityLevel}`,
  honorCipherOrder: true,
  secureOptions: noTicket,
});

const base32Digits = 'abcdefghijklmnopqrstuvwxyz234567';

/** A made-up host name such as C tor puts into TLS: `prefix`, `min` to `max` base32 digits, `suffix`. */
export function randomHostName(random: Random, min: number, max: number, prefix: string, suffix: string): string {
  let name = '';
  for (let left = min + random.below(max - min + 1); left > 0; left--) name += base32Digits[random.below(32)];
  return prefix + name + suffix;
}

/** The server name a client sends: browsers send one, so C tor does. */
export const randomServerName = (random: Random): string => randomHostName(random, 4, 25, 'www.', '.com');
