import { base64Unpadded, fromLatin1, latin1 } from '../../../base/bytes/index.ts';
import { sha256 } from '../../../crypto/primitives/index.ts';
import { makeMicrodescriptor, type ServerDescriptor } from '../../../wire/netdoc/index.ts';
import { methodWithFamilyIds, supportedMethods } from '../compute/methods.ts';

export interface RelayMicrodescs {
  /** `m` lines of a vote, without the keyword. */
  readonly lines: readonly string[];
  /** Texts by digest, one character a byte. */
  readonly texts: ReadonlyMap<string, string>;
  /** The `p` line's policy: what the microdescriptor leaves out is `reject 1-65535`. */
  readonly policy: string;
}

/**
 * The microdescriptors that consensus methods make of a descriptor; methods that make the same share a line. Undefined
 * for a descriptor of which none can be made.
 */
export function makeMicrodescs(descriptor: ServerDescriptor): RelayMicrodescs | undefined {
  const before = supportedMethods.filter((method) => method < methodWithFamilyIds);
  const since = supportedMethods.filter((method) => method >= methodWithFamilyIds);
  const made = [before, since].flatMap((methods) => makeFor(descriptor, methods) ?? []);
  const [first, second] = made;
  if (first === undefined || second === undefined) return undefined;
  const line = (methods: readonly number[], digest: Uint8Array): string =>
    `${methods.join(',')} sha256=${base64Unpadded(digest)}`;
  return {
    lines:
      first.text === second.text
        ? [line(supportedMethods, first.digest)]
        : made.map(({ methods, digest }) => line(methods, digest)),
    texts: new Map(made.map(({ digest, text }) => [latin1(digest), text])),
    policy: /^p (.*)$/m.exec(first.text)?.[1] ?? 'reject 1-65535',
  };
}

function makeFor(
  descriptor: ServerDescriptor,
  methods: readonly number[],
): { methods: readonly number[]; digest: Uint8Array; text: string } | undefined {
  const text = makeMicrodescriptor(descriptor, methods[0] as number);
  return text === undefined ? undefined : { methods, digest: sha256(fromLatin1(text)), text };
}

/** Makes the microdescriptors of a descriptor once. */
export class MicrodescCache {
  readonly #made = new WeakMap<ServerDescriptor, RelayMicrodescs | undefined>();

  /** Undefined for a descriptor of which no microdescriptor can be made. */
  of(descriptor: ServerDescriptor): RelayMicrodescs | undefined {
    if (this.#made.has(descriptor)) return this.#made.get(descriptor);
    const made = makeMicrodescs(descriptor);
    this.#made.set(descriptor, made);
    return made;
  }
}
