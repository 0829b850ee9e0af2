import { createSocket, type RemoteInfo } from 'node:dgram';

const typeA = 1;
const typePtr = 12;
const typeAaaa = 28;

export interface TestDnsServer {
  readonly port: number;
  /** Names asked for so far, in lower case. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

function readName(message: Buffer): { name: string; end: number } | undefined {
  const labels: string[] = [];
  let at = 12;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return undefined;
    at += 1;
    if (length === 0) return { name: labels.join('.').toLowerCase(), end: at };
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
}

const labelsOf = (name: string): Buffer =>
  Buffer.concat([...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)]);

/** The value for a name: `*.test` is this machine, except `*.nowhere.test`; the reverse of loopback is `web.test`. */
function valueFor(name: string, type: number): Buffer | undefined {
  const here = (name.endsWith('.test') && !name.endsWith('.nowhere.test')) || name === 'localhost';
  if (type === typeA && here && !name.startsWith('six.')) return Buffer.of(127, 0, 0, 1);
  if (type === typeAaaa && here && name.startsWith('six.')) return Buffer.concat([Buffer.alloc(15), Buffer.of(1)]);
  if (type === typePtr && name === '1.0.0.127.in-addr.arpa') return labelsOf('web.test');
  return undefined;
}

function reply(query: Buffer, asked: string[]): Buffer | undefined {
  const question = readName(query);
  if (question === undefined || query.length < question.end + 4) return undefined;
  asked.push(question.name);
  const type = query.readUInt16BE(question.end);
  const value = valueFor(question.name, type);
  const known =
    value !== undefined || valueFor(question.name, typeA) !== undefined || valueFor(question.name, typeAaaa);
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(known ? 0x8580 : 0x8583, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(value === undefined ? 0 : 1, 6);
  const parts = [header, query.subarray(12, question.end + 4)];
  if (value !== undefined) {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(60, 6);
    record.writeUInt16BE(value.length, 10);
    parts.push(record, value);
  }
  return Buffer.concat(parts);
}

/** Answers for the exits of a private network, so that no name leaves this machine. UDP on loopback. */
export async function startDnsServer(): Promise<TestDnsServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query: Buffer, from: RemoteInfo) => {
    const answer = reply(query, asked);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', resolve);
  });
  return {
    port: socket.address().port,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
