import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { formatIp, parseIp } from '../../../../src/base/ip/index.ts';
import { HijackCheck } from '../../../../src/roles/exit/dns/hijack-check.ts';
import { parseResolvConf, searchNames } from '../../../../src/roles/exit/dns/resolv-conf.ts';
import { parseReverseName } from '../../../../src/roles/exit/dns/reverse-name.ts';
import { clipDnsTtl, fuzzyDnsTtl } from '../../../../src/roles/exit/dns/ttl.ts';
import { ExitResolver, type NameRecord, SystemDns } from '../../../../src/roles/exit/index.ts';
import { DnsClass, DnsRcode, DnsType, decodeDnsMessage, encodeDnsMessage } from '../../../../src/wire/dns/index.ts';
import { SimWorld } from '../../../support/circuit-net.ts';
import { TableDns } from '../../../support/exit-parts.ts';

test('lifetimes are clipped to two values, and blurred', () => {
  assert.deepEqual([0, 299, 300, 3600, 1e6].map(clipDnsTtl), [300, 300, 3600, 3600, 3600]);
  const { random } = new SimWorld();
  const many = Array.from({ length: 2000 }, () => fuzzyDnsTtl(10, random));
  assert.ok(Math.min(...many) >= 60 && Math.max(...many) <= 540);
  assert.ok(Math.min(...many) < 80 && Math.max(...many) > 520, 'the whole range is used');
});

test('reverse names', () => {
  const shown = (name: string): string => {
    const ip = parseReverseName(name);
    return typeof ip === 'string' ? ip : formatIp(ip);
  };
  assert.equal(shown('4.3.2.1.in-addr.arpa'), '1.2.3.4');
  assert.equal(shown('3.2.1.in-addr.arpa'), 'malformed');
  assert.equal(shown('example.com'), 'not reverse');
  const six = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa';
  assert.equal(shown(six), '2001:db8::1');
  assert.equal(shown(six.slice(2)), 'malformed');
  assert.equal(shown(`g${six.slice(1)}`), 'malformed');
});

describe('ExitResolver', () => {
  function make(dns: TableDns, options: Partial<ConstructorParameters<typeof ExitResolver>[1]> = {}) {
    const world = new SimWorld();
    const deps = { clock: world.clock, timers: world.timers, random: world.random, backend: dns };
    return { world, resolver: new ExitResolver(deps, { ipv6: true, ...options }) };
  }
  const heard: (NameRecord | 'timeout')[] = [];
  const hear = (record: NameRecord | 'timeout'): void => void heard.push(record);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test('one question for all who wait; then the cache answers at once until its time is over', async () => {
    const dns = new TableDns({ 'a.example 4': { addresses: ['1.2.3.4', '5.6.7.8'], ttlSec: 5 } });
    const { world, resolver } = make(dns);
    heard.length = 0;
    resolver.resolve('a.example', hear);
    resolver.resolve('a.example', hear);
    assert.equal(heard.length, 0);
    await turn();
    assert.equal(heard.length, 2);
    assert.deepEqual(dns.asked, ['a.example 4', 'a.example 6']);
    const [record] = heard;
    assert.ok(record !== undefined && record !== 'timeout' && record.ipv4?.ok === true);
    assert.equal(formatIp(record.ipv4.value), '1.2.3.4', 'the first address');
    assert.equal(record.ipv6?.ok, false);
    resolver.resolve('a.example', hear);
    assert.equal(heard.length, 3, 'at once');
    await world.run(541_000);
    resolver.resolve('a.example', hear);
    await turn();
    assert.equal(dns.asked.length, 4);
    assert.deepEqual(resolver.queries, { A: 2, AAAA: 2, PTR: 0 });
  });

  test('whoever gave up hears nothing; the answer is kept all the same', async () => {
    const dns = new TableDns({ 'b.example 4': { addresses: ['1.2.3.4'] } });
    const { resolver } = make(dns, { ipv6: false });
    heard.length = 0;
    resolver.resolve('b.example', hear)();
    await turn();
    assert.equal(heard.length, 0);
    assert.equal(resolver.cachedNames, 1);
    assert.deepEqual(dns.asked, ['b.example 4'], 'IPv6 is not asked for without IPv6Exit');
  });

  test('failures are kept too, and counted by reason', async () => {
    const dns = new TableDns({ 'c.example 4': { error: 'serverfailed' } });
    const { resolver } = make(dns, { ipv6: false });
    resolver.resolve('c.example', hear);
    await turn();
    resolver.resolve('c.example', hear);
    assert.equal(dns.asked.length, 1);
    assert.equal(resolver.errors.get('serverfailed'), 1);
  });

  test('the cache and the questions are bounded', async () => {
    const dns = new TableDns();
    const { resolver } = make(dns, { maxCached: 3, maxPending: 2 });
    heard.length = 0;
    for (const name of ['a', 'b', 'c']) resolver.resolve(name, hear);
    assert.equal(resolver.pendingNames, 2);
    const [refused] = heard;
    assert.ok(refused !== undefined && refused !== 'timeout' && refused.ipv4?.ok === false);
    assert.equal(refused.ipv4.error, 'serverfailed');
    await turn();
    for (const name of ['d', 'e', 'f', 'g']) {
      resolver.resolve(name, hear);
      await turn();
    }
    assert.equal(resolver.cachedNames, 3);
  });

  test('name servers that never answer: a timeout after five minutes', async () => {
    const dns = new TableDns();
    let release: () => void = () => undefined;
    dns.held = new Promise((resolve) => {
      release = resolve;
    });
    const { world, resolver } = make(dns);
    heard.length = 0;
    resolver.resolve('slow.example', hear);
    await world.run(299_999);
    assert.deepEqual(heard, []);
    await world.run(2);
    assert.deepEqual(heard, ['timeout']);
    release();
    await turn();
    assert.equal(resolver.cachedNames, 0, 'a late answer is forgotten');
  });

  test('closing tells all who wait', () => {
    const { resolver } = make(new TableDns());
    heard.length = 0;
    resolver.resolve('x.example', hear);
    resolver.close();
    assert.deepEqual(heard, ['timeout']);
  });
});

describe('hijacking name servers', () => {
  function check(dns: TableDns, testAddresses: readonly string[]) {
    const world = new SimWorld();
    let broken = 0;
    const hijack = new HijackCheck(
      { timers: world.timers, random: world.random, backend: dns, onBroken: () => broken++ },
      { testAddresses },
    );
    return { hijack, brokenCalls: () => broken, world };
  }
  const bad = parseIp('203.0.113.66') ?? assert.fail();

  test('an address for many names that do not exist is invented, others are not', async () => {
    const dns = new TableDns();
    dns.invented = '203.0.113.66';
    const { hijack, brokenCalls } = check(dns, ['www.example.com']);
    dns.table.set('www.example.com 4', { addresses: ['1.2.3.4'] });
    dns.table.set('www.example.com 6', { error: 'nodata' });
    await hijack.checkInvented();
    assert.ok(hijack.isHijacked(bad));
    assert.ok(!hijack.isHijacked(Uint8Array.of(1, 2, 3, 4)));
    await hijack.checkTestAddresses();
    assert.equal(brokenCalls(), 0);
    assert.equal(dns.asked.filter((name) => name.includes('.invalid ')).length, 4);
  });

  test('honest name servers', async () => {
    const { hijack } = check(new TableDns(), []);
    await hijack.checkInvented();
    assert.ok(!hijack.isHijacked(bad));
  });

  test('when known names lead to the invented address we are no exit any more', async () => {
    const dns = new TableDns();
    dns.invented = '203.0.113.66';
    const { hijack, brokenCalls, world } = check(dns, ['www.a.example', 'www.b.example']);
    hijack.start();
    await world.run(180_000 + 31_000);
    assert.ok(hijack.broken);
    assert.equal(brokenCalls(), 1);
    await world.run(24 * 3_600_000);
    assert.equal(brokenCalls(), 1);
    hijack.stop();
  });

  test('the resolver treats invented answers as not found', async () => {
    const world = new SimWorld();
    const dns = new TableDns({ 'x.example 4': { addresses: ['203.0.113.66'] } });
    const resolver = new ExitResolver(
      { clock: world.clock, timers: world.timers, random: world.random, backend: dns },
      { ipv6: false, isHijacked: (ip) => formatIp(ip) === '203.0.113.66' },
    );
    const record = await new Promise<NameRecord | 'timeout'>((resolve) => resolver.resolve('x.example', resolve));
    assert.ok(record !== 'timeout' && record.ipv4?.ok === false && record.ipv4.error === 'notexist');
  });
});

test('resolv.conf and search domains', () => {
  const conf = parseResolvConf(
    '# comment\nnameserver 192.0.2.1 ; more\nnameserver nonsense\nnameserver fe80::1%eth0\nnameserver 127.0.0.1:5353\nnameserver [::1]:54\nnameserver [::1\nsearch One.example. two.example\noptions ndots:2 timeout:1\n',
  );
  assert.deepEqual(conf, {
    nameservers: ['192.0.2.1', 'fe80::1%eth0', '127.0.0.1:5353', '[::1]:54'],
    searchDomains: ['one.example', 'two.example'],
    ndots: 2,
  });
  assert.deepEqual(searchNames('host', conf), ['host.one.example', 'host.two.example', 'host']);
  assert.deepEqual(searchNames('a.b.c', conf), ['a.b.c', 'a.b.c.one.example', 'a.b.c.two.example']);
  assert.deepEqual(searchNames('host.', conf), ['host.']);
});

test('SystemDns asks a name server over UDP', async (t) => {
  const server = createSocket('udp4');
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const directory = mkdtempSync(join(tmpdir(), 'tropea-dns-'));
  t.after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  server.on('message', (data, from) => {
    const query = decodeDnsMessage(data);
    const [question] = query.questions;
    if (question === undefined) return;
    const record = { name: question.name, class: DnsClass.in, ttlSec: 77 };
    const host = question.name.toLowerCase();
    const answers =
      host === 'host.lan.example' && question.type === DnsType.a
        ? [{ ...record, type: DnsType.a, data: Uint8Array.of(192, 0, 2, 7) }]
        : question.type === DnsType.ptr
          ? [{ ...record, type: DnsType.ptr, data: new Uint8Array(0), target: 'seven.example' }]
          : [];
    const rcode = host.startsWith('broken')
      ? DnsRcode.serverFailure
      : answers.length > 0
        ? DnsRcode.noError
        : DnsRcode.nxDomain;
    server.send(
      encodeDnsMessage({ ...query, isResponse: true, recursionAvailable: true, rcode, answers }),
      from.port,
      from.address,
    );
  });
  const file = join(directory, 'resolv.conf');
  writeFileSync(file, `nameserver 127.0.0.1:${server.address().port}\nsearch lan.example\n`);
  const dns = new SystemDns({ timeoutMs: 1000, attempts: 1, resolvConfFile: file, searchDomains: true });
  const found = await dns.lookup('host', 4);
  assert.ok(found.ok);
  assert.equal(found.value.map(formatIp).join(), '192.0.2.7');
  assert.equal(found.ttlSec, 77);
  assert.deepEqual(await dns.lookup('gone', 6), { ok: false, error: 'notexist', ttlSec: 0 });
  assert.deepEqual(await dns.lookup('broken.example.', 4), { ok: false, error: 'serverfailed', ttlSec: 0 });
  const back = await dns.reverse('7.2.0.192.in-addr.arpa');
  assert.ok(back.ok);
  assert.equal(back.value, 'seven.example');
  dns.close();
});
