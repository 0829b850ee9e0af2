import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIp } from '../../../../src/base/ip/index.ts';
import { GeoIp, PortPolicy, RouterSet } from '../../../../src/network/netdir/index.ts';
import { fingerprintOf, relay } from '../../../support/relays.ts';

const ip = (text: string): Uint8Array => parseIp(text) ?? new Uint8Array(0);
const number = (text: string): number => Buffer.from(ip(text)).readUInt32BE();

const geoip = new GeoIp(
  `# comment\n${number('10.0.0.0')},${number('10.0.255.255')},DE\n"${number('10.2.0.0')}","${number('10.2.255.255')}","FR","FRA","FRANCE"\n\nnonsense\n`,
  '2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,SE\n',
);

describe('GeoIp', () => {
  it('finds the range an address lies in', () => {
    for (const [address, country] of [
      ['10.0.0.0', 'de'],
      ['10.0.255.255', 'de'],
      ['10.1.0.0', '??'],
      ['9.255.255.255', '??'],
      ['10.2.3.4', 'fr'],
      ['255.255.255.255', '??'],
      ['2001:db8::1', 'se'],
      ['2001:db8:1::', '??'],
      ['::1', '??'],
      ['::ffff:10.0.0.1', 'de'],
    ] as const) {
      assert.equal(geoip.countryOf(ip(address)), country, address);
    }
  });

  it('knows which codes it has', () => {
    assert.deepEqual(
      ['DE', 'fr', 'se', '??', 'us'].map((code) => geoip.knows(code)),
      [true, true, true, true, false],
    );
  });

  it('refuses a file that is something else', () => {
    assert.throws(() => new GeoIp('<html>\n'.repeat(20), undefined), { code: 'BAD_GEOIP' });
  });
});

describe('RouterSet', () => {
  const set = (text: string): RouterSet => RouterSet.parse(text, { geoip });

  it('holds fingerprints, nicknames, countries and address patterns', () => {
    const one = relay(1, { nickname: 'Alice', address: '10.0.5.6', port: 9001 });
    for (const text of [
      fingerprintOf(1),
      `$${fingerprintOf(1).toLowerCase()}`,
      `${fingerprintOf(1)}~Bob`,
      'alice',
      '{de}',
      '{DE}',
      '10.0.0.0/8',
      '10.0.5.6',
      '10.0.5.6:9001',
      '10.0.5.6:9000-9002',
      '10.0.0.0/255.255.0.0',
      '*',
      '*:9001',
      '*4',
      ' bob , alice ',
    ]) {
      assert.ok(set(text).has(one), text);
    }
    for (const text of [fingerprintOf(2), 'bob', '{fr}', '11.0.0.0/8', '10.0.5.6:80', '*:80', '*6', '', ',,']) {
      assert.ok(!set(text).has(one), text);
    }
  });

  it('judges a relay of the consensus by its first address', () => {
    const both = relay(1, { address: '10.0.0.1', address6: '[2001:db8::1]' });
    assert.ok(!set('[2001:db8::]/32').has(both));
    assert.ok(set('[2001:db8::]/32').hasAddress(ip('2001:db8::1'), 1));
  });

  it('refuses what it cannot read, naming it', () => {
    for (const text of [
      '$12',
      '{d}',
      '1.2.3',
      '10.0.0.0/33',
      '10.0.0.0/255.0.255.0',
      'way_too!',
      '1.2.3.4:0',
      '*/8',
      'a-nickname-too-long-for-tor',
    ]) {
      assert.throws(() => set(`alice,${text}`), { code: 'BAD_ROUTERSET' }, text);
    }
  });

  it('matches no country without a table', () => {
    const blind = RouterSet.parse('{de}');
    assert.ok(!blind.has(relay(1, { address: '10.0.0.1' })));
    assert.ok(blind.needsGeoip);
    assert.equal(blind.withUnknownCountries('always'), blind);
  });

  it('adds unknown countries as GeoIPExcludeUnknown says', () => {
    const lost = relay(1, { address: '99.0.0.1' });
    assert.ok(set('{de}').withUnknownCountries('auto').has(lost));
    assert.ok(!set('alice').withUnknownCountries('auto').has(lost));
    assert.ok(set('alice').withUnknownCountries('always').has(lost));
    assert.equal(set('{de}').withUnknownCountries('auto').toString(), '{de},{??}');
  });

  it('reads back from its own text, and joins', () => {
    const text = `alice,{de},10.0.0.0/8:80,${fingerprintOf(3)}`;
    assert.equal(set(text).toString(), text);
    const joined = RouterSet.union(set('alice'), set('{de}'));
    assert.equal(joined?.toString(), 'alice,{de}');
    assert.ok(joined?.has(relay(1, { address: '10.0.0.1' })));
    assert.equal(RouterSet.union(undefined, undefined), undefined);
  });
});

describe('PortPolicy', () => {
  it('reads accept and reject lists', () => {
    const accept = PortPolicy.parse('accept', '80,443,8000-8100');
    assert.deepEqual(
      [79, 80, 81, 443, 8000, 8050, 8100, 8101].map((port) => accept?.allows(port)),
      [false, true, false, true, true, true, true, false],
    );
    const reject = PortPolicy.parse('reject', '25,119');
    assert.deepEqual(
      [24, 25, 26, 119].map((port) => reject?.allows(port)),
      [true, false, true, false],
    );
    assert.equal(reject?.toString(), 'reject 25,119');
  });

  it('takes "reject 1-65535" alone for no exit', () => {
    assert.equal(PortPolicy.parse('reject', '1-65535')?.rejectsAll, true);
    assert.equal(PortPolicy.parse('reject', '1-65534')?.rejectsAll, false);
    assert.equal(PortPolicy.parse('accept', '1-65535')?.rejectsAll, false);
  });

  it('does not read anything else', () => {
    for (const [keyword, list] of [
      ['allow', '80'],
      ['accept', ''],
      ['accept', '0'],
      ['accept', '65536'],
      ['accept', '90-80'],
      ['accept', '80, 90'],
    ] as const) {
      assert.equal(PortPolicy.parse(keyword, list), undefined, list);
    }
  });
});
