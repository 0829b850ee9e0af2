// What handshakes and signatures cost: node --import tsx bench/micro/handshake.ts
import { nodeRuntime } from '../../src/base/runtime/index.ts';
import {
  createFastClient,
  createFastServer,
  ntorClient,
  ntorServer,
  ntorV3Client,
  ntorV3Server,
} from '../../src/crypto/handshake/index.ts';
import {
  ed25519KeyPair,
  ed25519Sign,
  ed25519Verify,
  expandSeed,
  RsaPrivateKey,
  x25519,
  x25519KeyPair,
} from '../../src/crypto/primitives/index.ts';
import { tor1KeyLength } from '../../src/crypto/relaycell/index.ts';
import { measure, printTable, type Row } from '../support/table.ts';

const { random } = nodeRuntime;
const perRound = 10;
const onionKey = x25519KeyPair(random);
const rsaId = random.bytes(20);
const ed25519Id = random.bytes(32);
const relay = { rsaId, ed25519Id, onionKey: onionKey.publicKey };
const identity = { rsaId, ed25519Id, onionKeys: [onionKey] };
const message = new Uint8Array(12);

function time(name: string, once: () => void): Row {
  return measure(name, perRound, {
    run() {
      for (let i = 0; i < perRound; i++) once();
    },
  });
}

/** The client's two steps, with an answer that was made before. */
function clientRow<T>(
  name: string,
  start: () => { readonly onionskin: Uint8Array; finish(reply: Uint8Array): T },
  reply: (onionskin: Uint8Array) => Uint8Array,
): Row[] {
  let started = Array.from({ length: perRound }, start);
  let replies = started.map(({ onionskin }) => reply(onionskin));
  return [
    time(`${name}: client, onionskin`, start),
    measure(`${name}: client, answer`, perRound, {
      prepare() {
        started = Array.from({ length: perRound }, start);
        replies = started.map(({ onionskin }) => reply(onionskin));
      },
      run() {
        started.forEach(({ finish }, i) => {
          finish(replies[i] ?? message);
        });
      },
    }),
  ];
}

const ntorOnionskin = (): Uint8Array => ntorClient(random, relay).onionskin;
const ntorV3Onionskin = (): Uint8Array => ntorV3Client(random, relay, message).onionskin;
const answerNtor = (onionskin: Uint8Array): Uint8Array => {
  const server = ntorServer(random, identity, onionskin);
  server.keys(tor1KeyLength);
  return server.reply;
};
const answerNtorV3 = (onionskin: Uint8Array): Uint8Array => {
  const server = ntorV3Server(random, identity, onionskin).answer(message);
  server.keys(tor1KeyLength);
  return server.reply;
};

/** Onionskins must be new: a key that came before costs less. */
function serverRow(name: string, onionskin: () => Uint8Array, answer: (onionskin: Uint8Array) => void): Row {
  let skins: Uint8Array[] = [];
  return measure(`${name}: server`, perRound, {
    prepare() {
      skins = Array.from({ length: perRound }, onionskin);
    },
    run() {
      for (const skin of skins) answer(skin);
    },
  });
}

const signer = ed25519KeyPair(random.bytes(32));
const expanded = expandSeed(signer.seed);
const signature = ed25519Sign(message, signer);
const rsa = await RsaPrivateKey.generate(2048);
const digest = random.bytes(32);
const rsaSignature = rsa.signDigest(digest);

printTable('Handshakes', 'µs each', [
  serverRow(
    'CREATE_FAST',
    () => createFastClient(random).onionskin,
    (skin) => createFastServer(random, skin).keys(tor1KeyLength),
  ),
  ...clientRow('ntor', () => ntorClient(random, relay), answerNtor),
  serverRow('ntor', ntorOnionskin, answerNtor),
  ...clientRow('ntor-v3', () => ntorV3Client(random, relay, message), answerNtorV3),
  serverRow('ntor-v3', ntorV3Onionskin, answerNtorV3),
  time('X25519: new key pair', () => x25519KeyPair(random)),
  time('X25519: shared secret, known private key', () => x25519(onionKey.secretKey, relay.onionKey)),
  time('Ed25519: sign', () => ed25519Sign(message, signer)),
  time('Ed25519: sign with an expanded key', () => ed25519Sign(message, expanded)),
  time('Ed25519: verify', () => {
    if (!ed25519Verify(signature, message, signer.publicKey)) throw new Error('a good signature was refused');
  }),
  time('RSA 2048: verify a digest', () => {
    if (!rsa.publicKey.verifyDigest(rsaSignature, digest)) throw new Error('a good signature was refused');
  }),
]);
