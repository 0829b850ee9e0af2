import { base16Upper, base64Unpadded } from '../../../base/bytes/index.ts';
import { formatPortSummary, rejectsAllPorts } from '../meta/fields.ts';
import { formatObject } from '../meta/values.ts';
import { summarizePolicy } from '../policy/summary.ts';
import type { ServerDescriptor } from '../routerdesc/types.ts';

const methodWithFamilyIds = 35;

/**
 * The microdescriptor that authorities make of a server descriptor with a consensus method (32 to 35). Undefined for a
 * relay without a TAP key: C tor makes none for it. spec: dir-spec 3.3
 */
export function makeMicrodescriptor(descriptor: ServerDescriptor, method: number): string | undefined {
  const { onionKey, ntorKey, family, familyIds, ipv6Policy, ed25519Id } = descriptor;
  if (onionKey === undefined) return undefined;
  const lines = [`onion-key\n${formatObject('RSA PUBLIC KEY', onionKey.der)}`];
  if (ntorKey !== undefined) lines.push(`ntor-onion-key ${base64Unpadded(ntorKey)}\n`);
  if (family.length > 0) lines.push(`family ${canonicalFamily(family, descriptor.rsaId).join(' ')}\n`);
  if (method >= methodWithFamilyIds && familyIds.length > 0) lines.push(`family-ids ${familyIds.join(' ')}\n`);
  const summary = summarizePolicy(descriptor.exitPolicy, 4);
  if (summary !== 'reject 1-65535') lines.push(`p ${summary}\n`);
  if (ipv6Policy !== undefined && !rejectsAllPorts(ipv6Policy)) lines.push(`p6 ${formatPortSummary(ipv6Policy)}\n`);
  lines.push(
    ed25519Id === undefined
      ? `id rsa1024 ${base64Unpadded(descriptor.rsaId)}\n`
      : `id ed25519 ${base64Unpadded(ed25519Id)}\n`,
  );
  return lines.join('');
}

/** Members in one form, the relay itself among them, sorted by byte, each once. spec: dir-spec 3.3 "family" */
export function canonicalFamily(members: readonly string[], rsaId: Uint8Array): string[] {
  const canonical = members.map((member) =>
    member.startsWith('$') ? member.slice(0, 41).toUpperCase() : member.toLowerCase(),
  );
  return [...new Set([...canonical, `$${base16Upper(rsaId)}`])].sort();
}
