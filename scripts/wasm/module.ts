import { inner, pages, rowShuffles, sha1State, sha3State } from '../../src/crypto/relaycell/layout.ts';
import { aes8, bitMasks, counterPlanes } from './aes.ts';
import {
  aesDecrypt,
  aesEncrypt,
  aesSchedules,
  highNibbles,
  inverseSboxTable,
  roundConstants,
  sboxTable,
} from './aes-block.ts';
import { ModuleBuilder } from './assembler.ts';
import { cgoCell } from './cgo.ts';
import { keccak, keccakConstants } from './keccak.ts';
import { polyval, polyvalTable } from './polyval.ts';
import { sha1Blocks } from './sha1.ts';
import { checkDigest, originateDigest, sha1Cell, xorKeystream } from './sha1-cell.ts';
import { sha3Cell } from './sha3-cell.ts';

/** The whole module. `parts` also exports the functions that the others are made of, to test and time them. */
export function buildModule(parts = false): Uint8Array {
  const m = new ModuleBuilder(pages);
  m.data(inner.bitMasks, bitMasks);
  m.data(inner.counterPlanes, counterPlanes);
  m.data(rowShuffles.at, rowShuffles.lanes.flat());
  m.data(inner.sbox, sboxTable);
  m.data(inner.inverseSbox, inverseSboxTable);
  m.data(inner.highNibbles, highNibbles);
  m.data(inner.roundConstants, roundConstants);
  m.data(inner.keccakConstants, keccakConstants);
  const part = (name: string): string | undefined => (parts ? name : undefined);

  const sha1 = m.add(sha1Cell(m.add(sha1Blocks(inner.sha1Schedule), part('sha1Blocks')), inner.work), part('sha1Cell'));
  const sha3 = m.add(sha3Cell(m.add(keccak(inner), part('keccak')), inner.work), part('sha3Cell'));
  m.add(xorKeystream(), 'xorKeystream');
  m.add(originateDigest(sha1, sha1State.at), 'sha1Originate');
  m.add(checkDigest(sha1, sha1State.at), 'sha1Check');
  m.add(originateDigest(sha3, sha3State.at), 'sha3Originate');
  m.add(checkDigest(sha3, sha3State.at), 'sha3Check');

  const cgo = {
    aes8: m.add(aes8(inner.bitMasks, inner.barrier), part('aes8')),
    aesEncrypt: m.add(aesEncrypt(inner), part('aesEncrypt')),
    aesDecrypt: m.add(aesDecrypt(inner), part('aesDecrypt')),
    aesSchedules: m.add(aesSchedules(inner), part('aesSchedules')),
    polyvalTable: m.add(polyvalTable(), part('polyvalTable')),
    polyval: m.add(polyval(inner.barrier), part('polyval')),
  };
  m.add(cgoCell(cgo, inner, true), 'cgoEncrypt');
  m.add(cgoCell(cgo, inner, false), 'cgoDecrypt');
  return m.build();
}

/** The text of src/crypto/relaycell/module.ts. */
export function moduleText(): string {
  const base64 = Buffer.from(buildModule()).toString('base64');
  const lines = base64.match(/.{1,116}/g) ?? [];
  return [
    '// Made by scripts/wasm/generate.ts from the sources beside it; a test makes it again and compares. Do not edit.',
    '',
    '/** The WebAssembly module in base64, with line ends. */',
    `export const moduleBase64 = \`\n${lines.join('\n')}\n\`;`,
    '',
  ].join('\n');
}
