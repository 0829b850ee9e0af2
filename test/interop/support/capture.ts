import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface CaptureFilter {
  /** The only source address that counts. */
  readonly from: string;
}

/** One direction of a TCP connection, put together again. */
export interface CapturedFlow {
  readonly destination: string;
  readonly port: number;
  readonly sourcePort: number;
  readonly bytes: Buffer;
}

export interface TlsRecord {
  readonly type: number;
  readonly length: number;
}

export const TlsRecordType = { CHANGE_CIPHER_SPEC: 20, ALERT: 21, HANDSHAKE: 22, APPLICATION_DATA: 23 } as const;

/** Listens on the loopback interface with tcpdump until `stop()`. */
export class Capture {
  readonly #process;
  readonly #file: string;
  readonly #filter: CaptureFilter;
  readonly #exited: Promise<void>;
  readonly #ready: Promise<void>;

  private constructor(file: string, filter: CaptureFilter) {
    this.#file = file;
    this.#filter = filter;
    const expression = `tcp and src host ${filter.from}`;
    const args = ['-i', 'lo', '-U', '--immediate-mode', '-B', '65536', '-s', '0', '-w', file, expression];
    this.#process = spawn('tcpdump', process.getuid?.() === 0 ? ['-Z', 'root', ...args] : args, {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#exited = new Promise((resolve) => this.#process.once('close', () => resolve()));
    this.#ready = new Promise((resolve, reject) => {
      let said = '';
      this.#process.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (/listening on lo/.test(said)) resolve();
      });
      this.#process.once('error', reject);
      this.#process.once('close', () => reject(new Error(`tcpdump ended: ${said}`)));
    });
  }

  /** Resolves when tcpdump listens. */
  static async start(file: string, filter: CaptureFilter): Promise<Capture> {
    const capture = new Capture(file, filter);
    await capture.#ready;
    return capture;
  }

  async stop(): Promise<readonly CapturedFlow[]> {
    this.#process.kill('SIGINT');
    await this.#exited;
    return readFlows(readFileSync(this.#file), this.#filter);
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }
}

interface Segment {
  readonly sequence: number;
  readonly data: Buffer;
}

interface Connection {
  readonly destination: string;
  readonly port: number;
  readonly sourcePort: number;
  /** Sequence number of the first byte; from the SYN. */
  start: number | undefined;
  readonly segments: Segment[];
}

const ethernetLength = 14;

function* packets(file: Buffer): Generator<Buffer> {
  const magic = file.readUInt32LE(0);
  if (magic !== 0xa1b2c3d4 && magic !== 0xa1b23c4d) throw new Error('not a little-endian pcap file');
  if (file.readUInt32LE(20) !== 1) throw new Error('the capture is not of Ethernet frames');
  for (let at = 24; at + 16 <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    if (length !== file.readUInt32LE(at + 12)) throw new Error('a packet was cut short');
    yield file.subarray(at + 16 + ethernetLength, at + 16 + length);
    at += 16 + length;
  }
}

/** Reads a capture file and joins what was sent from the address. */
export function readFlows(file: Buffer, filter: CaptureFilter): readonly CapturedFlow[] {
  const connections = new Map<string, Connection>();
  for (const packet of packets(file)) {
    if (packet[0]! >> 4 !== 4 || packet[9] !== 6) continue;
    const headerLength = (packet[0]! & 15) * 4;
    const source = [...packet.subarray(12, 16)].join('.');
    if (source !== filter.from) continue;
    const destination = [...packet.subarray(16, 20)].join('.');
    const tcp = packet.subarray(headerLength, packet.readUInt16BE(2));
    const sourcePort = tcp.readUInt16BE(0);
    const port = tcp.readUInt16BE(2);
    const key = `${sourcePort} ${destination} ${port}`;
    let connection = connections.get(key);
    if (connection === undefined) {
      connection = { destination, port, sourcePort, start: undefined, segments: [] };
      connections.set(key, connection);
    }
    const sequence = tcp.readUInt32BE(4);
    if ((tcp[13]! & 2) !== 0) connection.start = (sequence + 1) >>> 0;
    const data = tcp.subarray((tcp[12]! >> 4) * 4);
    if (data.length > 0) connection.segments.push({ sequence, data });
  }
  return [...connections.values()].map(({ destination, port, sourcePort, start, segments }) => ({
    ...{ destination, port, sourcePort },
    bytes: joined(start, segments),
  }));
}

/** Segments in order of sequence, repeated bytes once. Throws when bytes are missing. */
function joined(start: number | undefined, segments: readonly Segment[]): Buffer {
  if (segments.length === 0) return Buffer.alloc(0);
  if (start === undefined) throw new Error('the capture began in the middle of a connection');
  const placed = segments
    .map(({ sequence, data }) => ({ offset: (sequence - start) >>> 0, data }))
    .sort((a, b) => a.offset - b.offset);
  const parts: Buffer[] = [];
  let length = 0;
  for (const { offset, data } of placed) {
    if (offset > length) throw new Error(`${offset - length} bytes are missing from the capture`);
    if (offset + data.length <= length) continue;
    parts.push(data.subarray(length - offset));
    length = offset + data.length;
  }
  return Buffer.concat(parts);
}

/** The records of one direction of a TLS connection; one that is not complete yet is left out. */
export function tlsRecords(bytes: Buffer): TlsRecord[] {
  const records: TlsRecord[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const type = bytes[at]!;
    const length = bytes.readUInt16BE(at + 3);
    if (type < 20 || type > 23 || bytes[at + 1] !== 3) throw new Error(`no TLS record at byte ${at}`);
    if (at + 5 + length > bytes.length) break;
    records.push({ type, length });
    at += 5 + length;
  }
  return records;
}

const tls13Overhead = 17;

/**
 * Lengths of what was said inside a TLS 1.3 connection, record by record. The first encrypted record of a client is its
 * Finished message, which is no application data and is left out.
 */
export function payloadLengths(bytes: Buffer): number[] {
  const encrypted = tlsRecords(bytes).filter(({ type }) => type === TlsRecordType.APPLICATION_DATA);
  return encrypted.slice(1).map(({ length }) => length - tls13Overhead);
}
