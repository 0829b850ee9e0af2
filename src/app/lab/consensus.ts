import { get } from 'node:http';

/** Where an authority's directory port has the consensus of each flavour. */
export const consensusPath = {
  ns: '/tor/status-vote/current/consensus',
  microdesc: '/tor/status-vote/current/consensus-microdesc',
};

/** One GET from a directory port; `undefined` when it does not answer 200. */
export function fetchText(address: string, port: number, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get({ host: address, port, path, agent: false, timeout: 3000 }, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? text : undefined));
      response.on('error', () => resolve(undefined));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}

/** Nicknames of the relays a consensus calls running. */
export function runningRelays(consensus: string): Set<string> {
  const running = new Set<string>();
  for (const entry of consensus.split(/^r /m).slice(1)) {
    const nickname = entry.slice(0, entry.indexOf(' '));
    if (/^s .*\bRunning\b/m.test(entry)) running.add(nickname);
  }
  return running;
}

/** Nicknames in a list of server descriptors. */
export const describedRelays = (descriptors: string): Set<string> =>
  new Set([...descriptors.matchAll(/^router (\S+)/gm)].map((match) => match[1] ?? ''));
