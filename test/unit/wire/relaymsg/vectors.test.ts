import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { base16, fromBase16, Reader } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import { decodeLinkSpecifier } from '../../../../src/wire/linkspec/index.ts';
import {
  decodeConfluxLink,
  decodeConfluxSwitch,
  decodeExtend2,
  decodeExtensions,
  decodeSendme,
  decodeSubprotocolRequest,
  decodeXoff,
  decodeXon,
  encodeConfluxLink,
  encodeConfluxSwitch,
  encodeExtend2,
  encodeExtensions,
  encodeSendme,
  encodeSubprotocolRequest,
  encodeXoff,
  encodeXon,
  RelayCommand,
} from '../../../../src/wire/relaymsg/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: vector files are plain data
const groups: any = JSON.parse(readFileSync(new URL('../../../vectors/messages.json', import.meta.url), 'utf8')).groups;

test('SENDME bodies of both versions', () => {
  for (const vector of groups.sendme.vectors) {
    const decoded = decodeSendme(fromBase16(vector.body));
    assert.equal(decoded.version, vector.version);
    assert.equal(base16(decoded.tag), vector.tag ?? '');
    assert.equal(base16(encodeSendme(vector.tag === undefined ? undefined : fromBase16(vector.tag))), vector.body);
  }
});

test('malformed SENDMEs are refused; a wrong tag is not a matter of format', () => {
  for (const vector of groups.sendme_bad.vectors) {
    const decode = () => decodeSendme(fromBase16(vector.body));
    if (vector.why.startsWith('well formed')) assert.equal(decode().tag.length, 20);
    else assert.throws(decode, (error) => TorError.is(error) && error.kind === 'protocol', vector.why);
  }
});

test('conflux messages', () => {
  for (const vector of groups.conflux.vectors) {
    const body = fromBase16(vector.body);
    assert.equal((RelayCommand as Record<string, number>)[vector.command], vector.number);
    if (vector.nonce !== undefined) {
      const link = decodeConfluxLink(body);
      assert.deepEqual(
        [base16(link.nonce), link.lastSent, link.lastReceived, link.desiredUx],
        [vector.nonce, BigInt(vector.last_sent), BigInt(vector.last_received), vector.desired_ux],
      );
      assert.equal(base16(encodeConfluxLink(link)), vector.body);
    } else if (vector.relative_sequence !== undefined) {
      assert.equal(decodeConfluxSwitch(body), vector.relative_sequence);
      assert.equal(base16(encodeConfluxSwitch(vector.relative_sequence)), vector.body);
    } else {
      assert.equal(vector.body, '');
    }
  }
});

test('XON and XOFF', () => {
  for (const vector of groups.flow_control.vectors) {
    assert.equal((RelayCommand as Record<string, number>)[vector.command], vector.number);
    if (vector.command === 'XOFF') {
      decodeXoff(fromBase16(vector.body));
      assert.equal(base16(encodeXoff()), vector.body);
    } else {
      assert.equal(decodeXon(fromBase16(vector.body)), vector.kbps);
      assert.equal(base16(encodeXon(vector.kbps)), vector.body);
    }
  }
});

test('EXTEND2', () => {
  for (const vector of groups.extend2.vectors) {
    const linkSpecifiers = vector.link_specifiers.map((spec: { type: number; data: string }) => {
      const data = fromBase16(spec.data);
      return decodeLinkSpecifier(new Reader(Uint8Array.of(spec.type, data.length, ...data)));
    });
    const message = {
      linkSpecifiers,
      handshakeType: vector.handshake_type,
      handshake: fromBase16(vector.handshake),
    };
    assert.equal(base16(encodeExtend2(message)), vector.extend2_body);
    const decoded = decodeExtend2(fromBase16(vector.extend2_body));
    assert.equal(base16(encodeExtend2(decoded)), vector.extend2_body);
    assert.equal(decoded.handshakeType, vector.handshake_type);
    assert.equal(decoded.linkSpecifiers.length, vector.link_specifiers.length);
  }
});

test('extension lists of circuit handshakes', () => {
  for (const vector of groups.extensions.vectors) {
    const fields = decodeExtensions(fromBase16(vector.bytes));
    assert.equal(base16(encodeExtensions([...fields].reverse())), vector.bytes, 'sorted by type whatever comes in');
  }
  const cgo = decodeExtensions(fromBase16('02010003020206'))[1];
  assert.deepEqual(decodeSubprotocolRequest(cgo!.body), [{ protocol: 2, version: 6 }]);
  assert.equal(base16(encodeSubprotocolRequest([{ protocol: 2, version: 6 }])), '0206');
  assert.throws(() => decodeSubprotocolRequest(Uint8Array.of(2, 6, 2, 6)), { code: 'VALUE_OUT_OF_RANGE' });
  assert.throws(() => decodeSubprotocolRequest(Uint8Array.of(2, 6, 1, 1)), { code: 'VALUE_OUT_OF_RANGE' });
  assert.throws(() => decodeSubprotocolRequest(Uint8Array.of(2)), { code: 'TRUNCATED' });
});
