import { fromLatin1, latin1 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

const maxNameBytes = 255;
const maxLabelBytes = 63;
/** A name of 255 bytes has at most 127 labels, so at most so many jumps can matter. */
const maxJumps = 127;

/**
 * The name at `start`, labels joined by dots, and where the next field begins. Compression is followed backwards only,
 * so that it ends. A dot inside a label is refused: it would read as two labels. spec: RFC 1035 4.1.4
 */
export function readName(data: Uint8Array, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  let length = 0;
  for (let jumps = 0; ; ) {
    const count = data[at];
    if (count === undefined) throw truncated(at);
    if (count === 0) return { name: labels.join('.'), end: end ?? at + 1 };
    if (count >= 0xc0) {
      const low = data[at + 1];
      if (low === undefined) throw truncated(at);
      const target = ((count & 0x3f) << 8) | low;
      end ??= at + 2;
      if (target >= at || ++jumps > maxJumps) throw bad('a compressed DNS name does not end');
      at = target;
      continue;
    }
    if (count > maxLabelBytes) throw bad('a DNS label has an unknown form');
    const label = data.subarray(at + 1, at + 1 + count);
    if (label.length < count) throw truncated(at);
    if (label.includes(0x2e) || label.includes(0)) throw bad('a DNS label holds a byte that a name cannot hold');
    length += count + 1;
    if (length >= maxNameBytes) throw bad('a DNS name is too long');
    labels.push(latin1(label));
    at += count + 1;
  }
}

/** Throws VALUE_OUT_OF_RANGE. The empty name is the root. */
export function writeName(name: string): Uint8Array {
  const labels = name.replace(/\.$/, '').split('.');
  if (labels.length === 1 && labels[0] === '') return Uint8Array.of(0);
  const out: number[] = [];
  for (const label of labels) {
    const bytes = fromLatin1(label);
    if (bytes.length === 0 || bytes.length > maxLabelBytes) throw bad('a DNS label is empty or too long');
    out.push(bytes.length, ...bytes);
  }
  out.push(0);
  if (out.length > maxNameBytes) throw bad('a DNS name is too long');
  return Uint8Array.from(out);
}

const truncated = (at: number): TorError => new TorError('TRUNCATED', undefined, { facts: { position: at } });
const bad = (message: string): TorError => new TorError('VALUE_OUT_OF_RANGE', message);
