import { fromBase16 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { type IpBytes, parseIp } from '../../base/ip/index.ts';

/** A `Bridge` line: [transport] address[:port] [fingerprint] [key=value ...]. */
export interface BridgeLine {
  readonly transport: string | undefined;
  readonly address: IpBytes;
  readonly port: number;
  /** 20 bytes. */
  readonly rsaId: Uint8Array | undefined;
  /** For the transport, each `key=value`. */
  readonly args: readonly string[];
}

const defaultPort = 443;

/** Throws BAD_BRIDGE_LINE. spec: manual page, Bridge */
export function parseBridgeLine(line: string): BridgeLine {
  const items = line.split(/\s+/).filter((item) => item !== '');
  const transport = /^[A-Za-z_][A-Za-z0-9_]*$/.test(items[0] ?? '') ? items.shift() : undefined;
  const place = items.shift();
  if (place === undefined) throw bad(line, 'an address is needed');
  const { address, port } = placeOf(line, place);
  // Without a transport all that follows is the fingerprint, which may have spaces in it.
  const isArgument = transport !== undefined && /^[^=]+=/.test(items[0] ?? '');
  const named = transport === undefined ? items.splice(0).join('') : isArgument ? '' : (items.shift() ?? '');
  if (named !== '' && !/^[0-9a-fA-F]{40}$/.test(named)) throw bad(line, 'a fingerprint has 40 hexadecimal digits');
  if (items.some((item) => !/^[^=]+=/.test(item))) throw bad(line, 'what follows the fingerprint must be key=value');
  return { transport, address, port, rsaId: named === '' ? undefined : fromBase16(named), args: items };
}

function placeOf(line: string, text: string): { address: IpBytes; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const address = parseIp(match?.[1] ?? match?.[2] ?? '');
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (address === undefined || port < 1 || port > 65535) throw bad(line, `bad address ${text}`);
  return { address, port };
}

const bad = (line: string, why: string): TorError =>
  new TorError('BAD_BRIDGE_LINE', `Bridge line: ${why}`, { facts: { line } });
