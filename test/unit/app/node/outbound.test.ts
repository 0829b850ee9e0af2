import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { outboundForLinks } from '../../../../src/app/node/settings/index.ts';
import { loadOptions, type TorOptions } from '../../../../src/wire/torrc/index.ts';

const options = (torrc: string): TorOptions => loadOptions({ torrc, report: () => undefined }).options;

describe('where links start from', () => {
  test('the first address of each family, that for links before that for all', () => {
    const torrc = 'OutboundBindAddress 192.0.2.1\nOutboundBindAddress [2001:db8::1]\nOutboundBindAddressOR 192.0.2.2\n';
    assert.deepEqual(outboundForLinks(options(torrc)), { ipv4: '192.0.2.2', ipv6: '2001:db8::1' });
    assert.deepEqual(outboundForLinks(options('')), { ipv4: undefined, ipv6: undefined });
  });

  test('who wants a proxy is refused, not sent out directly', () => {
    const proxies = ['HTTPProxy', 'HTTPSProxy', 'Socks4Proxy', 'Socks5Proxy'].map((name) => `${name} 192.0.2.1:8080`);
    for (const line of [...proxies, 'TCPProxy haproxy 192.0.2.1:8080']) {
      assert.throws(() => outboundForLinks(options(`${line}\n`)), { code: 'TORRC_VALUE' }, line);
    }
  });
});
