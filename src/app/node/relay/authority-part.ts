import { readFile } from 'node:fs/promises';
import { fromLatin1 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import type { Runtime } from '../../../base/runtime/index.ts';
import { type ChannelManager, dialDirect } from '../../../network/channels/index.ts';
import type { DirAuthority, TorDirectoryManager } from '../../../network/directory/index.ts';
import type { DataDirectory } from '../../../network/storage/index.ts';
import {
  Authority,
  type AuthorityAddress,
  authorityConfig,
  dirPortTransport,
  reachByChannel,
} from '../../../roles/authority/index.ts';
import type { DirContent, DirHooks } from '../../../roles/dircache/index.ts';
import type { AuthorityCertificate } from '../../../wire/netdoc/index.ts';
import type { TorOptions } from '../../../wire/torrc/index.ts';
import { torVersion } from '../version.ts';

export interface AuthorityPartDeps {
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly store: DataDirectory;
  readonly channels: ChannelManager;
  readonly directory: TorDirectoryManager;
}

export interface AuthorityPartOptions {
  readonly options: TorOptions;
  readonly authorities: readonly DirAuthority[];
  /** RSA identity of the relay, 20 bytes. */
  readonly rsaId: Uint8Array;
  readonly where: () => AuthorityAddress;
}

/** A node that is a directory authority: the role, and what ties it to the node's directory. */
export class AuthorityPart {
  readonly authority: Authority;
  readonly #deps: AuthorityPartDeps;

  private constructor(deps: AuthorityPartDeps, authority: Authority) {
    this.#deps = deps;
    this.authority = authority;
  }

  /** Rejects with BAD_KEY_FILE, STORAGE_FAILED, TORRC_VALUE. */
  static async load(deps: AuthorityPartDeps, options: AuthorityPartOptions): Promise<AuthorityPart> {
    const { runtime, log, store, channels, directory } = deps;
    const authority = await Authority.open(
      {
        ...runtime,
        store,
        logger: log,
        transport: dirPortTransport({ ...runtime, dial: dialDirect }),
        reach: reachByChannel(channels),
        readFile: async (path) => new Uint8Array(await readFile(path)),
      },
      {
        config: authorityConfig(options.options),
        authorities: options.authorities,
        rsaId: options.rsaId,
        where: options.where,
        consensusParam: (name) => directory.consensus('ns')?.params.get(name),
        version: torVersion,
      },
    );
    return new AuthorityPart(deps, authority);
  }

  /** What the directory server asks of an authority. */
  get hooks(): Pick<DirHooks, 'ownCertificate' | 'statusVote' | 'bandwidthFile' | 'post'> {
    const { ownCertificate, statusVote, bandwidthFile, post } = this.authority;
    return { ownCertificate, statusVote, bandwidthFile, post };
  }

  /** The authority's own documents before those that the node keeps as a cache. */
  readonly overlay = (base: DirContent): DirContent => {
    const own = this.authority.documents;
    return {
      consensus: (flavor) => base.consensus(flavor),
      consensusDiff: (flavor, fromSha3) => base.consensusDiff(flavor, fromSha3),
      certificates: () => unique([...base.certificates(), ...own.certificates()]),
      microdescriptor: (digest) => own.microdescriptor(digest) ?? base.microdescriptor(digest),
      descriptorByDigest: (digest) => own.descriptorByDigest(digest) ?? base.descriptorByDigest(digest),
      descriptorById: (rsaId) => own.descriptorById(rsaId) ?? base.descriptorById(rsaId),
      extraInfoByDigest: (digest) => own.extraInfoByDigest(digest) ?? base.extraInfoByDigest(digest),
      extraInfoById: (rsaId) => own.extraInfoById(rsaId) ?? base.extraInfoById(rsaId),
      relayIds: () => own.relayIds(),
    };
  };

  /** Begins to vote. What is published goes to the node's own directory. */
  start(): void {
    const { authority } = this;
    const { directory, log } = this.#deps;
    const offer = (work: Promise<void>): void => {
      work.catch((error: unknown) =>
        log.warn('dir', `Cannot take up our own document: ${TorError.from(error).message}`),
      );
    };
    const offerCertificates = (): void => {
      const texts = authority.documents.certificates().map(({ text }) => text);
      offer(directory.offerCertificates(fromLatin1(texts.join(''))));
    };
    authority.events.on('certificates', offerCertificates);
    authority.events.on('consensus', (consensuses) => {
      for (const { flavor, text } of consensuses) offer(directory.offerConsensus(flavor, fromLatin1(text)));
    });
    directory.events.on('consensus', ({ flavor }) => {
      const consensus = flavor === 'ns' ? directory.consensus('ns') : undefined;
      if (consensus !== undefined) authority.noteConsensus(consensus.text);
    });
    offerCertificates();
    authority.start();
  }

  /** Rejects with TORRC_VALUE, STORAGE_FAILED. */
  reload(options: TorOptions): Promise<void> {
    return this.authority.reload(authorityConfig(options));
  }

  stop(): Promise<void> {
    return this.authority.stop();
  }
}

const unique = (certificates: readonly AuthorityCertificate[]): AuthorityCertificate[] => [
  ...new Map(certificates.map((each) => [each.text, each] as const)).values(),
];
