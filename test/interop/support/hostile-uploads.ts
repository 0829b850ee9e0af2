import { connect } from 'node:net';

/** One request as it stands; the whole answer, or '' when the connection is just closed. */
export function rawRequest(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
    for (const part of parts) socket.write(part);
  });
}

/** The status line that answers a POST. */
export async function post(port: number, path: string, body: string | Uint8Array): Promise<string> {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const answer = await rawRequest(port, `POST ${path} HTTP/1.0\r\nContent-Length: ${bytes.length}\r\n\r\n`, bytes);
  return answer.split('\r\n', 1)[0] ?? '';
}

export interface HostileUpload {
  readonly what: string;
  readonly path: string;
  readonly body: string | Uint8Array;
}

/** What strangers may send to an authority; `descriptor` is a good one that it has already. */
export function hostileUploads(descriptor: string, vote: string): readonly HostileUpload[] {
  const upload = (what: string, body: string | Uint8Array): HostileUpload => ({ what, path: '/tor/', body });
  return [
    upload('nothing', ''),
    upload('no descriptor', 'nonsense'),
    upload('zeros', new Uint8Array(2000)),
    upload('a descriptor that was changed', descriptor.replace(/^bandwidth .*$/m, 'bandwidth 1 1 1')),
    upload('another name', descriptor.replace(/^router \S+/m, 'router somebody')),
    upload('no signature', descriptor.slice(0, descriptor.indexOf('router-sig-ed25519'))),
    upload('half a descriptor', descriptor.slice(0, descriptor.length / 2)),
    upload('the same again', descriptor),
    upload('the same twenty times', descriptor.repeat(20)),
    upload('the same, then nonsense', `${descriptor}nonsense\n`),
    upload('an unknown header', `@annotation\n${descriptor}`),
    { what: 'a vote without content', path: '/tor/post/vote', body: 'network-status-version 3\n' },
    { what: 'no vote, as long as a real one', path: '/tor/post/vote', body: 'x'.repeat(3_000_000) },
    { what: 'an old vote', path: '/tor/post/vote', body: vote },
    { what: 'a vote that was changed', path: '/tor/post/vote', body: vote.replace('known-flags', 'known-flags More') },
    { what: 'no signatures', path: '/tor/post/consensus-signature', body: 'consensus-digest 00\n' },
    { what: 'empty signatures', path: '/tor/post/consensus-signature', body: '' },
    { what: 'an unknown place', path: '/tor/nothing', body: 'x' },
  ];
}
