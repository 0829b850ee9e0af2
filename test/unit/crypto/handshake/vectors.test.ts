import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base16, concatBytes, fromBase16 } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import {
  createFastServer,
  hsNtorClient,
  hsNtorService,
  ntorClient,
  ntorServer,
  ntorV3Client,
  ntorV3Server,
} from '../../../../src/crypto/handshake/index.ts';
import { x25519PublicKey } from '../../../../src/crypto/primitives/index.ts';
import { loadVectors } from '../../../support/vectors.ts';

const random = nodeRuntime.random;
const pair = (secret: string) => {
  const secretKey = fromBase16(secret);
  return { secretKey, publicKey: x25519PublicKey(secretKey) };
};
const refused = (error: unknown): boolean => TorError.is(error) && error.code === 'HANDSHAKE_FAILED';

test('ntor: transcripts of the reference implementation', () => {
  for (const v of loadVectors('ntor', 'transcripts')) {
    const client = ntorClient(random, { rsaId: v.bytes('node_id'), onionKey: v.bytes('B') }, pair(v.text('x')));
    assert.equal(base16(client.onionskin), v.text('client_handshake'));
    const reply = v.bytes('server_handshake');
    assert.equal(
      base16(client.finish(reply).keys(92)),
      ['df', 'db', 'kf', 'kb', 'rend_nonce'].map((name) => v.text(name)).join(''),
    );
    reply[40] = (reply[40] as number) ^ 1;
    assert.throws(() => client.finish(reply), refused);
  }
});

test('ntor: both sides', () => {
  for (const v of loadVectors('ntor', 'both_sides')) {
    const onionKey = pair(v.text('b'));
    const rsaId = v.bytes('node_id');
    const client = ntorClient(random, { rsaId, onionKey: onionKey.publicKey }, pair(v.text('x')));
    assert.equal(base16(client.onionskin), v.text('client_handshake'));
    const server = ntorServer(random, { rsaId, onionKeys: [onionKey] }, client.onionskin, pair(v.text('y')));
    assert.equal(base16(server.reply), v.text('server_handshake'));
    assert.equal(base16(server.keys(92)), v.text('keys'));
    assert.equal(base16(client.finish(server.reply).keys(92)), v.text('keys'));
    const other = { rsaId, onionKeys: [pair('11'.repeat(32))] };
    assert.throws(() => ntorServer(random, other, client.onionskin), refused);
  }
});

test('ntor-v3: published vector and circuit handshakes, both sides', () => {
  for (const group of ['published', 'circuit_extend']) {
    for (const v of loadVectors('ntor-v3', group)) {
      const onionKey = pair(v.text('b'));
      const ed25519Id = v.bytes('relay_id');
      const verification = v.bytes('verification');
      const client = ntorV3Client(random, { ed25519Id, onionKey: onionKey.publicKey }, v.bytes('client_message'), {
        verification,
        keyPair: pair(v.text('x')),
      });
      assert.equal(base16(client.onionskin), v.text('client_handshake'));
      const request = ntorV3Server(random, { ed25519Id, onionKeys: [onionKey] }, client.onionskin, {
        verification,
        keyPair: pair(v.text('y')),
      });
      assert.equal(base16(request.message), v.text('client_message'));
      const answer = request.answer(v.bytes('server_message'));
      assert.equal(base16(answer.reply), v.text('server_handshake'));
      const keys = v.text('keys');
      assert.equal(base16(answer.keys(keys.length / 2)), keys);
      const finished = client.finish(answer.reply);
      assert.equal(base16(finished.keys(keys.length / 2)), keys);
      assert.equal(base16(finished.message), v.text('server_message'));
      const broken = answer.reply.slice();
      broken[broken.length - 1] = (broken[broken.length - 1] as number) ^ 1;
      assert.throws(() => client.finish(broken), refused);
      const skin = client.onionskin.slice();
      skin[100] = (skin[100] as number) ^ 1;
      assert.throws(() => ntorV3Server(random, { ed25519Id, onionKeys: [onionKey] }, skin, { verification }), refused);
    }
  }
});

test('hs-ntor: transcripts of the reference implementation', () => {
  for (const v of loadVectors('hs-ntor', 'transcripts')) {
    const service = { authKey: v.bytes('auth_key'), encKey: v.bytes('B'), subcredential: v.bytes('subcredential') };
    const client = hsNtorClient(random, service, pair(v.text('x')));
    assert.equal(
      base16(client.finish(v.bytes('rendezvous_handshake_info')).keys(128)),
      ['df', 'db', 'kf', 'kb'].map((name) => v.text(name)).join(''),
    );
  }
});

test('hs-ntor: whole introductions, opened by the service, and the rendezvous that follows', () => {
  for (const v of loadVectors('hs-ntor', 'introduce1')) {
    const encKey = pair(v.text('b'));
    const authKey = v.bytes('auth_key');
    const subcredential = v.bytes('subcredential');
    const client = hsNtorClient(random, { authKey, encKey: encKey.publicKey, subcredential }, pair(v.text('x')));
    const body = v.bytes('introduce1_body');
    const plaintext = v.bytes('plaintext');
    const header = body.subarray(0, body.length - 64 - plaintext.length);
    assert.equal(base16(concatBytes(header, client.introduce(header, plaintext))), base16(body));
    const request = hsNtorService(
      { authKey, encKey, subcredentials: [new Uint8Array(32), subcredential] },
      header,
      body.subarray(header.length),
    );
    assert.equal(base16(request.plaintext), base16(plaintext));
    const answer = request.answer(random);
    assert.equal(base16(client.finish(answer.handshakeInfo).keys(128)), base16(answer.keys(128)));
    assert.throws(
      () =>
        hsNtorService({ authKey, encKey, subcredentials: [new Uint8Array(32)] }, header, body.subarray(header.length)),
      refused,
    );
  }
});

test('CREATE_FAST: the published expansion', () => {
  for (const v of loadVectors('kdf', 'create_fast')) {
    const fixed = { ...random, bytes: () => v.bytes('y') };
    const server = createFastServer(fixed, v.bytes('x'));
    assert.equal(base16(server.reply), v.text('created_fast'));
    assert.equal(base16(server.keyHash), v.text('kh'));
    assert.equal(base16(server.keys(72)), ['df', 'db', 'kf', 'kb'].map((name) => v.text(name)).join(''));
  }
});
