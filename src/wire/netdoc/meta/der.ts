/** What a PKCS#1 RSA public key looks like, read from its DER without making a key of it. */
export interface RsaShape {
  readonly bits: number;
  /** -1 when it does not fit a double. */
  readonly exponent: number;
}

/** Undefined when the bytes are no RSAPublicKey. Bytes after the key are ignored, as OpenSSL ignores them. */
export function rsaShape(der: Uint8Array): RsaShape | undefined {
  const outer = element(der, 0, 0x30);
  if (outer === undefined) return undefined;
  const modulus = element(der, outer.start, 0x02);
  if (modulus === undefined || modulus.end > outer.end) return undefined;
  const exponent = element(der, modulus.end, 0x02);
  if (exponent === undefined || exponent.end > outer.end) return undefined;
  const bits = bitLength(der, modulus.start, modulus.end);
  if (bits === 0 || exponent.end === exponent.start) return undefined;
  return { bits, exponent: smallNumber(der, exponent.start, exponent.end) };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function element(der: Uint8Array, at: number, tag: number): Span | undefined {
  if (der[at] !== tag) return undefined;
  const first = der[at + 1];
  if (first === undefined) return undefined;
  if (first < 0x80) return within(der, at + 2, first);
  const count = first & 0x7f;
  if (count === 0 || count > 3) return undefined;
  let length = 0;
  for (let i = 0; i < count; i++) length = length * 256 + (der[at + 2 + i] ?? 0);
  return within(der, at + 2 + count, length);
}

const within = (der: Uint8Array, start: number, length: number): Span | undefined =>
  start + length <= der.length ? { start, end: start + length } : undefined;

function bitLength(der: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && der[at] === 0) at++;
  return at === end ? 0 : (end - at) * 8 - Math.clz32(der[at] as number) + 24;
}

function smallNumber(der: Uint8Array, start: number, end: number): number {
  if (end - start > 6) return -1;
  let value = 0;
  for (let i = start; i < end; i++) value = value * 256 + (der[i] as number);
  return value;
}
