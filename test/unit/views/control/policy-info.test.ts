import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InfoScope } from '../../../../src/views/control/context.ts';
import { ControlFailure } from '../../../../src/views/control/failure.ts';
import { makeInfoKeys } from '../../../../src/views/control/info/index.ts';

const lines = 'router r 127.0.0.1 9001 0 0\nreject 10.0.0.0/8:*\naccept *:80\nreject *:*\n';
const scope = (relay: { descriptor: { text: string } | undefined } | undefined): InfoScope =>
  ({ context: { deps: { parts: { relay } } } }) as unknown as InfoScope;
const ask = (key: string, text: string) => makeInfoKeys().get(key, scope({ descriptor: { text } }));

test("a relay's exit policy is what its descriptor says", async () => {
  assert.equal(await ask('exit-policy/ipv4', lines), 'reject 10.0.0.0/8:*\naccept *:80\nreject *:*');
  assert.equal(await ask('exit-policy/ipv6', lines), 'reject6 *:*');
  const both = `${lines}ipv6-policy accept 80,443-445\n`;
  assert.equal(await ask('exit-policy/ipv6', both), 'accept6 *:80\naccept6 *:443-445\nreject6 *:*');
  assert.match((await ask('exit-policy/full', both)) ?? '', /^reject 10.*\naccept6 \*:80\n.*reject6 \*:\*$/s);
  assert.equal(await ask('exit-policy/ipv6', `${lines}ipv6-policy reject 25\n`), 'reject6 *:25\naccept6 *:*');
});

test('there is none without a relay, nor before its first descriptor', async () => {
  const code = (expected: number) => (error: unknown) => error instanceof ControlFailure && error.code === expected;
  await assert.rejects(makeInfoKeys().get('exit-policy/full', scope(undefined)), code(552));
  await assert.rejects(makeInfoKeys().get('exit-policy/full', scope({ descriptor: undefined })), code(551));
});
