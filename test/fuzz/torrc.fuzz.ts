import { TorError } from '../../src/base/errors/index.ts';
import { loadOptions, validateOptions } from '../../src/wire/torrc/index.ts';

export const name = 'torrc';

/** A torrc of any text: refused with typed errors that a person can act on. */
export function fuzz(data: Uint8Array): void {
  const report = (): void => undefined;
  try {
    const { options } = loadOptions({ torrc: Buffer.from(data).toString('utf8'), report });
    validateOptions(options, { report });
  } catch (error) {
    if (!TorError.is(error) || error.kind === 'bug') throw error;
    if (error.message === '') throw new Error('a refusal without a word', { cause: error });
  }
}

export const seeds = (): Uint8Array[] =>
  [
    'SocksPort 9050 IsolateDestAddr\nSocksPort unix:/run/x\nLog notice stdout\nExitPolicy accept *:80,reject *:*\n',
    'HiddenServiceDir /var/lib/x\nHiddenServicePort 80 127.0.0.1:8080\nHiddenServicePort 22 unix:/y\n',
    'DirAuthority a orport=5000 v3ident=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA 127.0.0.1:7000 ' +
      'BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB\nTestingTorNetwork 1\n',
    'MyFamily $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nEntryNodes {de},1.2.3.0/24\nMaxMemInQueues 2 GB\nORPort [::]:1\n',
    'ContactInfo "a \\"b\\" \\x41"\nBridge 192.0.2.1:443 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n+Log debug file x\n',
  ].map((text) => new Uint8Array(Buffer.from(text)));
