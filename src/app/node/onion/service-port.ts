import { TorError } from '../../../base/errors/index.ts';
import { formatIpHost } from '../../../base/ip/index.ts';
import type { ServicePort, ServiceTarget } from '../../../roles/onion/index.ts';
import { parseAddressPort, quote, splitAddress } from '../../../wire/torrc/index.ts';

export const bad = (message: string, cause?: unknown): TorError =>
  new TorError('TORRC_VALUE', message, {
    facts: { option: 'HiddenService' },
    ...(cause === undefined ? {} : { cause }),
  });

export const unparseable = 'Unparseable address in hidden service port configuration.';

/** `VIRTPORT [TARGET]`: a port, an address or a host, with or without a port, or `unix:path`. Throws TORRC_VALUE. */
export function parseServicePort(line: string): ServicePort {
  const [, virtual = '', rest = ''] = /^ *([^ ]*) *(.*)$/s.exec(line) ?? [];
  const port = portOf(virtual);
  if (port === undefined) {
    throw bad(`Missing or invalid port ${quote(virtual)} in hidden service port configuration`);
  }
  if (rest === '') return { port, target: { kind: 'tcp', host: '127.0.0.1', port } };
  return { port, target: targetOf(rest, port) };
}

const portOf = (text: string): number | undefined => {
  const port = /^\s*\+?\d{1,10}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
};

function targetOf(text: string, virtualPort: number): ServiceTarget {
  const address = splitAddress(text);
  if (address === undefined) throw bad(`Couldn't process address <${text}> from hidden service configuration`);
  if (address.rest !== '') throw bad('HiddenServicePort parse error: invalid port mapping');
  if (address.unix) {
    if (address.text === '') throw bad('Empty Unix socket path in hidden service port configuration');
    return { kind: 'unix', path: address.text };
  }
  if (!/[:.]/.test(address.text)) {
    const port = portOf(address.text);
    if (port !== undefined) return { kind: 'tcp', host: '127.0.0.1', port };
    throw bad(`Unparseable or out-of-range port ${quote(address.text)} in hidden service port configuration.`);
  }
  const parsed = parseAddressPort(address.text);
  if (parsed === undefined) return namedTarget(address.text, virtualPort);
  const host = formatIpHost(parsed.ip).replace(/^\[|\]$/g, '');
  return { kind: 'tcp', host, port: parsed.port === 0 ? virtualPort : parsed.port };
}

/** A host such as the neighbour of a container: C tor looks it up once, here it is looked up for each connection. */
function namedTarget(text: string, virtualPort: number): ServiceTarget {
  const [, host = '', port] = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::(.*))?$/.exec(text) ?? [];
  const number = port === undefined ? virtualPort : portOf(port);
  if (host === '' || number === undefined) throw bad(unparseable);
  return { kind: 'tcp', host, port: number };
}
