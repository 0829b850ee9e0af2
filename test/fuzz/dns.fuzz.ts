import assert from 'node:assert/strict';
import { TorError } from '../../src/base/errors/index.ts';
import { DnsClass, DnsType, decodeDnsMessage, encodeDnsMessage } from '../../src/wire/dns/index.ts';

export const name = 'dns';

/** Queries to a DNSPort and answers of resolvers: refused with typed errors, or written again and read the same. */
export function fuzz(data: Uint8Array): void {
  const message = attempt(() => decodeDnsMessage(data));
  if (message === undefined) return;
  const written = attempt(() => encodeDnsMessage(message));
  if (written === undefined) return;
  const again = decodeDnsMessage(written);
  assert.deepEqual(again.questions, message.questions);
  assert.equal(again.answers.length, message.answers.length);
  for (const [i, { target }] of again.answers.entries()) assert.equal(target, message.answers[i]?.target);
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!TorError.is(error) || error.code === 'INTERNAL') throw error;
    return undefined;
  }
}

const head = {
  id: 7,
  opcode: 0,
  authoritative: false,
  truncated: false,
  recursionDesired: true,
  recursionAvailable: true,
};
const question = { name: 'www.example.com', type: DnsType.a, class: DnsClass.in };

export const seeds = (): Uint8Array[] => [
  encodeDnsMessage({ ...head, isResponse: false, rcode: 0, questions: [question], answers: [] }),
  encodeDnsMessage({
    ...head,
    isResponse: true,
    rcode: 0,
    questions: [question],
    answers: [
      { ...question, ttlSec: 60, data: Uint8Array.of(192, 0, 2, 1) },
      { ...question, type: DnsType.ptr, ttlSec: 60, data: new Uint8Array(), target: 'a.example' },
    ],
  }),
  // A compressed name: a pointer from the second label back to the first name.
  Uint8Array.of(0, 7, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 97, 0, 0, 1, 0, 1, 1, 98, 0xc0, 12, 0, 1, 0, 1),
];
