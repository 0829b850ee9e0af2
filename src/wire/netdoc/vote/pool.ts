import type { IpBytes } from '../../../base/ip/index.ts';
import { decodeBase64Of, parseQuad } from '../meta/values.ts';

/**
 * What votes of one round have in common: nine authorities write the same keys and digests of the same relays, and these,
 * read nine times, would be most of what votes take of memory. Keeps what it was shown as long as it lives.
 */
export class VotePool {
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #addresses = new Map<string, IpBytes>();
  readonly #lists = new Map<string, readonly string[]>();

  /** Base64 of so many bytes; undefined when it is not. */
  readonly decode = (word: string, length: number): Uint8Array | undefined => {
    const known = this.#bytes.get(word);
    if (known?.length === length) return known;
    const bytes = decodeBase64Of(word, length);
    if (bytes !== undefined) this.#bytes.set(word, bytes);
    return bytes;
  };

  readonly address = (word: string): IpBytes | undefined => {
    const known = this.#addresses.get(word);
    if (known !== undefined) return known;
    const address = parseQuad(word);
    if (address !== undefined) this.#addresses.set(word, address);
    return address;
  };

  /** A list of one. */
  listOf(text: string): readonly string[] {
    let list = this.#lists.get(text);
    if (list === undefined) {
      list = [text];
      this.#lists.set(text, list);
    }
    return list;
  }
}
