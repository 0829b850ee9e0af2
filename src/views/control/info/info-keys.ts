import type { InfoScope, InfoSource } from '../context.ts';

export type InfoAnswer = string | undefined | Promise<string | undefined>;

/** Keys with their explanation for info/names; a key that ends in a slash stands for all that begin so. */
export type InfoTable = Readonly<
  Record<string, { readonly help?: string; readonly get: (scope: InfoScope, rest: string) => InfoAnswer }>
>;

/** All keys of GETINFO. */
export class InfoKeys implements InfoSource {
  readonly #exact = new Map<string, InfoTable[string]>();
  readonly #prefixes: [string, InfoTable[string]][] = [];

  constructor(tables: readonly InfoTable[]) {
    for (const [key, entry] of tables.flatMap((table) => Object.entries(table))) {
      if (key.endsWith('/')) this.#prefixes.push([key, entry]);
      else this.#exact.set(key, entry);
    }
  }

  async get(key: string, scope: InfoScope): Promise<string | undefined> {
    const exact = this.#exact.get(key);
    if (exact !== undefined) return exact.get(scope, '');
    const prefix = this.#prefixes.find(([start]) => key.startsWith(start));
    return prefix?.[1].get(scope, key.slice(prefix[0].length));
  }

  names(): string {
    const rows = [...this.#exact, ...this.#prefixes].filter(([, { help }]) => help !== undefined);
    return rows.map(([key, { help }]) => `${key.endsWith('/') ? `${key}*` : key} -- ${help}\n`).join('');
  }
}
