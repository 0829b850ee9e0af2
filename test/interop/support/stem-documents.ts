import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './clients.ts';

const script = fileURLToPath(new URL('stem_documents.py', import.meta.url));
/** The system's: that is where its stem is. */
const python = '/usr/bin/python3';

export const hasStem = async (): Promise<boolean> =>
  (await runCommand([python, '-c', 'import stem']).catch(() => undefined))?.code === 0;

/** A document of a directory port; fails unless the answer is 200. */
export function fetchDocument(port: number, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts));
        else reject(new Error(`${path}: ${response.statusCode} ${response.statusMessage}`));
      });
    });
    request.on('error', reject);
  });
}

/** What stem makes of documents by their metrics type: how many there are, or its complaint. */
export async function readWithStem(
  documents: Readonly<Record<string, Uint8Array>>,
): Promise<Readonly<Record<string, number | string>>> {
  const folder = await mkdtemp(join(tmpdir(), 'tropea-stem-'));
  try {
    const kinds = Object.keys(documents);
    const files = kinds.map((_, i) => join(folder, `${i}`));
    await Promise.all(kinds.map((kind, i) => writeFile(files[i] ?? '', documents[kind] ?? '')));
    const { stdout, stderr } = await runCommand([python, script, ...kinds.map((kind, i) => `${kind}=${files[i]}`)]);
    const answers = JSON.parse(stdout.toString() || `{"stem": ${JSON.stringify(stderr)}}`) as Record<string, number>;
    return Object.fromEntries(kinds.map((kind, i) => [kind, answers[`${kind}=${files[i]}`] ?? stderr]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Everything an authority serves, by the types of metrics. */
export async function documentsOf(dirPort: number): Promise<Record<string, Buffer>> {
  const ask = (path: string): Promise<Buffer> => fetchDocument(dirPort, path);
  const consensus = await ask('/tor/status-vote/current/consensus-microdesc');
  const digests = [...consensus.toString('latin1').matchAll(/^m (\S+)$/gm)].map((match) => match[1]);
  return {
    'network-status-microdesc-consensus-3 1.0': consensus,
    'network-status-consensus-3 1.0': await ask('/tor/status-vote/current/consensus'),
    'network-status-vote-3 1.0': await ask('/tor/status-vote/current/authority'),
    'dir-key-certificate-3 1.0': await ask('/tor/keys/all'),
    'server-descriptor 1.0': await ask('/tor/server/all'),
    'extra-info 1.0': await ask('/tor/extra/all'),
    'microdescriptor 1.0': await ask(`/tor/micro/d/${digests.join('-')}`),
  };
}
