import { fromLatin1, latin1 } from '../../../base/bytes/index.ts';
import type { DataStore } from '../../../network/storage/index.ts';
import {
  type ExtraInfo,
  parseExtraInfos,
  parseServerDescriptors,
  type ServerDescriptor,
} from '../../../wire/netdoc/index.ts';
import { formatIsoTime } from '../format/time.ts';

const descriptorFile = 'cached-descriptors';
const extraInfoFile = 'cached-extrainfo';
/** A journal as long as this is folded into its file at the next start. */
const journalLimit = 64 * 1024;

/** The descriptors and extra-infos of the data directory, in C tor's files. */
export class DescriptorFiles {
  readonly #store: DataStore;

  constructor(store: DataStore) {
    this.#store = store;
  }

  async load(): Promise<{ descriptors: readonly ServerDescriptor[]; extraInfos: readonly ExtraInfo[] }> {
    const descriptors = await this.#both(descriptorFile);
    const extraInfos = await this.#both(extraInfoFile);
    return {
      descriptors: parseServerDescriptors(descriptors, { annotations: true }).documents,
      extraInfos: parseExtraInfos(withoutAnnotations(extraInfos)).documents,
    };
  }

  async #both(name: string): Promise<string> {
    const file = await this.#store.read(name);
    const journal = await this.#store.read(`${name}.new`);
    return latin1(file ?? new Uint8Array(0)) + latin1(journal ?? new Uint8Array(0));
  }

  /** `from`: who uploaded it. */
  addDescriptor(text: string, from: string, nowMs: number): Promise<void> {
    const annotations = `@uploaded-at ${formatIsoTime(nowMs)}\n@source "${from.replace(/["\\\n]/g, '')}"\n`;
    return this.#store.append(`${descriptorFile}.new`, fromLatin1(annotations + text));
  }

  addExtraInfo(text: string): Promise<void> {
    return this.#store.append(`${extraInfoFile}.new`, fromLatin1(text));
  }

  /** Writes the files anew with what is still of use, when the journals have grown. */
  async fold(descriptors: readonly string[], extraInfos: readonly string[]): Promise<void> {
    for (const [name, texts] of [
      [descriptorFile, descriptors],
      [extraInfoFile, extraInfos],
    ] as const) {
      const journal = await this.#store.read(`${name}.new`);
      if ((journal?.length ?? 0) < journalLimit) continue;
      await this.#store.write(name, fromLatin1(texts.join('')));
      await this.#store.remove(`${name}.new`);
    }
  }
}

const withoutAnnotations = (text: string): string => text.replace(/^@.*\n/gm, '');
