import { fromUtf8 } from '../../base/bytes/index.ts';
import { sha256 } from '../../crypto/primitives/index.ts';

const consonants = 'bdfghjklmnprstvz';
const vowels = 'aiou';

/** 64 bits of a hash of the address as four words that can be spoken and compared: proquints. */
export function addressWords(address: string): string {
  const hash = sha256(fromUtf8(`tropea address words ${address}`));
  return [0, 2, 4, 6].map((at) => quint(((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0))).join('-');
}

function quint(bits: number): string {
  const pick = (letters: string, shift: number): string => letters[(bits >> shift) & (letters.length - 1)] ?? '';
  return pick(consonants, 12) + pick(vowels, 10) + pick(consonants, 6) + pick(vowels, 4) + pick(consonants, 0);
}

const width = 17;
const height = 9;
const shades = ' .o+=*BOX@%&#/^';

/** The same as a picture of 17 by 9 characters in a frame: the walk that OpenSSH draws for host keys. */
export function addressPicture(address: string): string {
  const cells = new Uint8Array(width * height);
  let x = width >> 1;
  let y = height >> 1;
  for (const byte of sha256(fromUtf8(`tropea address picture ${address}`))) {
    for (let bits = byte, step = 0; step < 4; step++, bits >>= 2) {
      x = Math.min(width - 1, Math.max(0, x + (bits & 1 ? 1 : -1)));
      y = Math.min(height - 1, Math.max(0, y + (bits & 2 ? 1 : -1)));
      const at = y * width + x;
      cells[at] = Math.min(shades.length - 1, (cells[at] ?? 0) + 1);
    }
  }
  const edge = `+${'-'.repeat(width)}+`;
  const rows = Array.from({ length: height }, (_, row) => {
    const line = [...cells.subarray(row * width, (row + 1) * width)].map((shade) => shades[shade] ?? ' ');
    return `|${line.join('')}|`;
  });
  return [edge, ...rows, edge].join('\n');
}
