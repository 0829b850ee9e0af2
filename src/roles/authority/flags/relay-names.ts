import { base16Upper } from '../../../base/bytes/index.ts';
import { type IpBytes, inPrefix } from '../../../base/ip/index.ts';
import { parseRouterSet, type RouterSetItem } from '../../../wire/torrc/index.ts';

/** Relays that an option of an authority names. Countries name none, since authorities look up no addresses. */
export class RelayNames {
  readonly #items: readonly RouterSetItem[];

  /** A list that cannot be read names nobody, as in C tor. */
  constructor(text: string) {
    this.#items = parseRouterSet(text) ?? [];
  }

  has(relay: { readonly nickname: string; readonly rsaId: Uint8Array; readonly address: IpBytes }): boolean {
    return this.#items.some((item) => matches(item, relay));
  }
}

function matches(item: RouterSetItem, relay: { nickname: string; rsaId: Uint8Array; address: IpBytes }): boolean {
  if (item.kind === 'fingerprint') return item.fingerprint === base16Upper(relay.rsaId);
  if (item.kind === 'nickname') return item.nickname.toLowerCase() === relay.nickname.toLowerCase();
  if (item.kind === 'address') return inPrefix(relay.address, item.prefix, item.bits);
  return item.kind === 'any-address';
}
