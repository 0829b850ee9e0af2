import { base16, fromBase16 } from '../../base/bytes/index.ts';
import { parseIp } from '../../base/ip/index.ts';
import {
  type DirAuthority,
  type DirPortDeps,
  type DirRequest,
  type DirResponse,
  dirPortRequest,
} from '../../network/directory/index.ts';

/** Talks to another authority. Any HTTP status resolves; rejects with a TorError when there is no answer. */
export type PeerTransport = (
  peer: DirAuthority,
  request: Pick<DirRequest, 'method' | 'path' | 'body'>,
) => Promise<Pick<DirResponse, 'status' | 'reason' | 'body'>>;

const timeoutMs = 60_000;

/** Requests in the clear to the DirPorts of the other authorities, as C tor's authorities make them. */
export function dirPortTransport(deps: DirPortDeps): PeerTransport {
  return (peer, request) => {
    const special = peer.endpoints?.find(({ usage }) => usage === 'vote');
    const host = special?.address ?? peer.address;
    const port = special?.dirPort ?? peer.dirPort;
    const address = parseIp(host) ?? new Uint8Array(4);
    return dirPortRequest(deps, { address, port }, { ...request, timeoutMs });
  };
}

/** The authorities of the network, ourselves among them, by what they are asked for here. */
export class Authorities {
  readonly all: readonly DirAuthority[];
  readonly #byV3 = new Map<string, DirAuthority>();
  readonly #relayIds: ReadonlySet<string>;

  constructor(all: readonly DirAuthority[]) {
    this.all = all;
    this.#relayIds = new Set(all.map(({ fingerprint }) => fingerprint.toLowerCase()));
    for (const each of all) if (each.v3Ident !== undefined) this.#byV3.set(each.v3Ident.toLowerCase(), each);
  }

  /** Identities of those who vote. */
  get v3Identities(): Uint8Array[] {
    return [...this.#byV3.keys()].map(fromBase16);
  }

  byV3(identity: Uint8Array): DirAuthority | undefined {
    return this.#byV3.get(base16(identity));
  }

  readonly isVoter = (identity: Uint8Array): boolean => this.#byV3.has(base16(identity));
  /** By the identity of its relay. */
  readonly isAuthority = (rsaId: Uint8Array): boolean => this.#relayIds.has(base16(rsaId));

  /** All voters but the one. */
  othersThan(identity: Uint8Array): DirAuthority[] {
    return [...this.#byV3].filter(([key]) => key !== base16(identity)).map(([, each]) => each);
  }
}
