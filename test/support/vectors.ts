import { readFileSync } from 'node:fs';
import { fromBase16 } from '../../src/base/bytes/index.ts';

/** One test vector with checked access: a missing field is an error, never an empty value. */
export class Vector {
  readonly raw: Readonly<Record<string, unknown>>;

  constructor(raw: Readonly<Record<string, unknown>>) {
    this.raw = raw;
  }

  text(name: string): string {
    const value = this.raw[name];
    if (typeof value !== 'string') throw new Error(`the vector has no text "${name}"`);
    return value;
  }

  bytes(name: string): Uint8Array {
    return fromBase16(this.text(name));
  }

  number(name: string): number {
    const value = this.raw[name];
    if (typeof value !== 'number') throw new Error(`the vector has no number "${name}"`);
    return value;
  }
}

/** The vectors of one group of `test/vectors/<file>.json`; never empty. */
export function loadVectors(file: string, group: string): readonly Vector[] {
  const json = JSON.parse(readFileSync(new URL(`../vectors/${file}.json`, import.meta.url), 'utf8')) as {
    groups: Record<string, { vectors: Record<string, unknown>[] }>;
  };
  const vectors = json.groups[group]?.vectors ?? [];
  if (vectors.length === 0) throw new Error(`no vectors in ${file} ${group}`);
  return vectors.map((raw) => new Vector(raw));
}
