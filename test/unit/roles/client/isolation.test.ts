import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8 } from '../../../../src/base/bytes/index.ts';
import { isolationOf, type StreamOrigin } from '../../../../src/roles/client/isolation.ts';
import { defaultEntryFlags, type EntryPortFlags } from '../../../../src/wire/torrc/ports/types.ts';

const origin: StreamOrigin = {
  clientAddress: '127.0.0.1',
  portKind: 'socks',
  protocol: 'socks5',
  auth: { username: fromUtf8('ab'), password: fromUtf8('c') },
  sessionGroup: '1',
  nymEpoch: 4,
};
const isolation = (flags: Partial<EntryPortFlags> = {}, from: Partial<StreamOrigin> = {}) =>
  isolationOf({ ...defaultEntryFlags, ...flags }, { ...origin, ...from }, { address: 'Example.com', port: 80 });

test('by default credentials, client and protocol keep streams apart', () => {
  const { by, values } = isolation();
  const names = ['client-address', 'client-protocol', 'nym-epoch', 'session-group', 'socks-auth'];
  assert.deepEqual([...by].sort(), names);
  assert.equal(values['destination-address'], 'example.com');
});

test('no two pairs of credentials give the same value', () => {
  const other = isolation({}, { auth: { username: fromUtf8('a'), password: fromUtf8('bc') } });
  assert.notEqual(isolation().values['socks-auth'], other.values['socks-auth']);
});

test('KeepAliveIsolateSOCKSAuth counts for streams with credentials that are kept apart by them', () => {
  const keepAliveIsolateSocksAuth = true;
  assert.equal(isolation().keepsAlive, false);
  assert.equal(isolation({ keepAliveIsolateSocksAuth }).keepsAlive, true);
  assert.equal(isolation({ keepAliveIsolateSocksAuth, isolateSocksAuth: false }).keepsAlive, false);
  assert.equal(isolation({ keepAliveIsolateSocksAuth }, { auth: undefined }).keepsAlive, false);
  const empty = { username: new Uint8Array(), password: new Uint8Array() };
  assert.equal(isolation({ keepAliveIsolateSocksAuth }, { auth: empty }).keepsAlive, false);
});
