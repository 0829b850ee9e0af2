import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LabNode, waitFor } from '../../../src/app/lab/index.ts';
import { RsaPrivateKey } from '../../../src/crypto/primitives/index.ts';
import {
  type AuthorityCertificate,
  encodeVote,
  parseAuthorityCertificate,
  parseVote,
  type Vote,
  type VoteFields,
} from '../../../src/wire/netdoc/index.ts';
import { post } from './hostile-uploads.ts';
import { fetchDocument } from './stem-documents.ts';

interface Keys {
  readonly certificate: AuthorityCertificate;
  readonly signingKey: RsaPrivateKey;
}

/** Holds the keys of an authority that was ended, and says what it likes in its name. */
export class LyingAuthority {
  /** The last vote that the authority itself made. */
  readonly honest: Vote;
  readonly #keys: Keys;
  readonly #intervalMs: number;

  private constructor(honest: Vote, keys: Keys, intervalMs: number) {
    this.honest = honest;
    this.#keys = keys;
    this.#intervalMs = intervalMs;
  }

  /** Ends the authority and takes its place. */
  static async replace(node: LabNode, intervalMs: number): Promise<LyingAuthority> {
    // There from the moment it publishes the consensus, which may be after the others.
    const look = () => fetchDocument(node.dirPort, '/tor/status-vote/current/authority').catch(() => undefined);
    const text = await waitFor('its own vote', look, { timeoutMs: 3 * intervalMs });
    const vote = parseVote(text.toString('latin1'));
    await node.kill();
    const read = (file: string): Promise<string> => readFile(join(node.dataDirectory, 'keys', file), 'latin1');
    const certificate = parseAuthorityCertificate(await read('authority_certificate'));
    const signingKey = RsaPrivateKey.fromPem(await read('authority_signing_key'));
    return new LyingAuthority(vote, { certificate, signingKey }, intervalMs);
  }

  /** A vote, rightly signed. */
  vote(validAfterMs: number, change: Partial<VoteFields> = {}): string {
    const { certificate, signingKey } = this.#keys;
    return encodeVote(
      {
        ...this.honest,
        publishedMs: Date.now(),
        validAfterMs,
        freshUntilMs: validAfterMs + this.#intervalMs,
        validUntilMs: validAfterMs + 3 * this.#intervalMs,
        certificate,
        ...change,
      },
      signingKey,
    );
  }

  /** Posts to all of them at once; their answers. */
  tell(to: readonly LabNode[], vote: string): Promise<string[]> {
    return Promise.all(to.map(({ dirPort }) => post(dirPort, '/tor/post/vote', vote)));
  }
}
