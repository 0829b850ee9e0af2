import { any, anyWords, atLeast, exactly, KeywordTable, maybe, noWords, once } from '../meta/rules.ts';

/**
 * What C tor 0.4.9 reads. `historic`: what it read when relays had no Ed25519 and ntor keys, and named no protocol
 * versions.
 */
function descriptorTable(historic: boolean): KeywordTable {
  const since = historic ? maybe : once;
  return new KeywordTable({
    reject: any(anyWords),
    accept: any(anyWords),
    reject6: any(anyWords),
    accept6: any(anyWords),
    router: once(atLeast(5), { at: 'start' }),
    'ipv6-policy': maybe('line'),
    'signing-key': once(noWords, { object: 'rsa-key-1024' }),
    'onion-key': maybe(noWords, { object: 'rsa-key-1024' }),
    'ntor-onion-key': since(atLeast(1)),
    'router-signature': once(noWords, { object: 'needed', at: 'end' }),
    published: once('line'),
    uptime: maybe(atLeast(1)),
    fingerprint: maybe('line'),
    hibernating: maybe(atLeast(1)),
    platform: maybe('text'),
    proto: since('line'),
    contact: maybe('text'),
    'read-history': maybe(anyWords),
    'write-history': maybe(anyWords),
    'extra-info-digest': maybe(atLeast(1)),
    'hidden-service-dir': maybe(noWords),
    'identity-ed25519': since(noWords, { object: 'needed' }),
    'master-key-ed25519': since(atLeast(1)),
    'router-sig-ed25519': since(atLeast(1)),
    'onion-key-crosscert': maybe(noWords, { object: 'needed' }),
    'ntor-onion-key-crosscert': since(exactly(1), { object: 'needed' }),
    'allow-single-hop-exits': maybe(noWords),
    family: maybe(anyWords),
    'family-cert': any(anyWords, { object: 'needed' }),
    'caches-extra-info': maybe(noWords),
    'or-address': any(atLeast(1)),
    bandwidth: once(atLeast(3)),
    'tunnelled-dir-server': maybe(noWords),
    // C tor does not read these; a form that cannot be read is none.
    'overload-general': any('text'),
    'bridge-distribution-request': any('text'),
  });
}

export const currentTable = descriptorTable(false);
export const historicTable = descriptorTable(true);
