import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TorError } from '../../../../src/base/errors/index.ts';
import {
  parseDirAuthority,
  parseFallbackDir,
  parseServerList,
  shippedServerLists,
} from '../../../../src/network/directory/server-lines.ts';

const refused = (error: unknown) => TorError.is(error) && error.code === 'BAD_DIR_SERVER';

test('a DirAuthority line with everything on it', () => {
  assert.deepEqual(
    parseDirAuthority(
      'tor26 orport=443 v3ident=2f3df9ca0e5d36f2685a2da67184eb8dcb8cba8c ipv6=[2a02:16a8:662:2203::1]:443 ' +
        'weight=2.5 upload=http://10.0.0.9:81/ 217.196.147.77:80 FAA4 BCA4 A6AC 0FB4 CA2F 8AD5 A11D 9E12 2BA8 94F6',
    ),
    {
      nickname: 'tor26',
      address: '217.196.147.77',
      dirPort: 80,
      orPort: 443,
      ipv6: { address: '2a02:16a8:662:2203::1', orPort: 443 },
      fingerprint: 'FAA4BCA4A6AC0FB4CA2F8AD5A11D9E122BA894F6',
      v3Ident: '2F3DF9CA0E5D36F2685A2DA67184EB8DCB8CBA8C',
      bridge: false,
      weight: 2.5,
      endpoints: [{ usage: 'upload', address: '10.0.0.9', dirPort: 81 }],
    },
  );
});

test('a FallbackDir line', () => {
  assert.deepEqual(
    parseFallbackDir('[2001:db8::1]:80 orport=9001 id=4f067c5c488173987b568cd7245f1ca71dee996b weight=3'),
    {
      address: '2001:db8::1',
      orPort: 9001,
      fingerprint: '4F067C5C488173987B568CD7245F1CA71DEE996B',
      weight: 3,
    },
  );
});

test('lines that cannot be meant are refused', () => {
  const id = '4F067C5C488173987B568CD7245F1CA71DEE996B';
  for (const line of ['', 'moria1', `moria1 1.2.3.4:80`, `m 1.2.3.4 ${id.slice(1)}`, `m orport=x 1.2.3.4:80 ${id}`]) {
    assert.throws(() => parseDirAuthority(line), refused, line);
  }
  assert.throws(() => parseDirAuthority(`m ipv6=1.2.3.4:5 1.2.3.4:80 ${id}`), refused);
  assert.throws(() => parseDirAuthority(`m upload=https://a/ 1.2.3.4:80 ${id}`), refused);
  for (const line of [
    '1.2.3.4',
    `1.2.3.4 id=${id}`,
    `orport=1 id=${id}`,
    `1.2.3.4 orport=0 id=${id}`,
    `host orport=1 id=${id}`,
  ]) {
    assert.throws(() => parseFallbackDir(line), refused, line);
  }
});

test('the shipped lists are whole', () => {
  const { authorities, fallbacks } = shippedServerLists();
  const authorityList = parseServerList(readFileSync(authorities, 'utf8'), parseDirAuthority);
  assert.equal(authorityList.filter((authority) => authority.v3Ident !== undefined).length, 9);
  assert.equal(authorityList.filter((authority) => authority.bridge).length, 1);
  const fallbackList = parseServerList(readFileSync(fallbacks, 'utf8'), parseFallbackDir);
  assert.equal(fallbackList.length, 200);
  assert.equal(new Set(fallbackList.map((fallback) => fallback.fingerprint)).size, 200);
});
