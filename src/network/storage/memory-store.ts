import { fromUtf8, utf8 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { DataStore } from './types.ts';

/** A data directory that lives in memory: for ephemeral clients, simulations and tests. */
export class MemoryStore implements DataStore {
  readonly files = new Map<string, Uint8Array>();

  async read(name: string, options: { readonly maxBytes?: number } = {}): Promise<Uint8Array | undefined> {
    const content = this.files.get(name);
    if (content !== undefined && content.length > (options.maxBytes ?? Number.POSITIVE_INFINITY)) {
      throw new TorError('STORAGE_FAILED', `${name} is too long`, { facts: { size: content.length } });
    }
    return content;
  }

  async readText(name: string, options: { readonly maxBytes?: number } = {}): Promise<string | undefined> {
    const content = await this.read(name, options);
    return content === undefined ? undefined : utf8(content);
  }

  async write(name: string, content: Uint8Array | string): Promise<void> {
    this.files.set(name, toBytes(content));
  }

  async append(name: string, content: Uint8Array | string): Promise<void> {
    const before = this.files.get(name) ?? new Uint8Array(0);
    const more = toBytes(content);
    const all = new Uint8Array(before.length + more.length);
    all.set(before);
    all.set(more, before.length);
    this.files.set(name, all);
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }

  async rename(from: string, to: string): Promise<void> {
    const content = this.files.get(from);
    if (content === undefined) throw new TorError('STORAGE_FAILED', `no file ${from}`);
    this.files.delete(from);
    this.files.set(to, content);
  }

  async list(folder: string): Promise<string[]> {
    const prefix = `${folder}/`;
    const names = new Set<string>();
    for (const name of this.files.keys()) {
      if (name.startsWith(prefix)) names.add(name.slice(prefix.length).split('/')[0] as string);
    }
    return [...names].sort();
  }

  async setAside(name: string, _why: string, options: { readonly copy?: boolean } = {}): Promise<void> {
    let i = 0;
    while (this.files.has(`${name}.${i}`)) i++;
    const content = this.files.get(name);
    if (content === undefined) return;
    this.files.set(`${name}.${i}`, content);
    if (options.copy !== true) this.files.delete(name);
  }
}

const toBytes = (content: Uint8Array | string): Uint8Array =>
  typeof content === 'string' ? fromUtf8(content) : content.slice();
