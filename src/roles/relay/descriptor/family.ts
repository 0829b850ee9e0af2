import { base64Unpadded, bytesEqual, fromBase64 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import { type ExpandedKey, expandedKeyFrom } from '../../../crypto/primitives/index.ts';
import type { NetDir } from '../../../network/netdir/index.ts';
import { type DataStore, parseTaggedFile } from '../../../network/storage/index.ts';

const suffix = '.secret_family_key';

/**
 * The secret keys of our families, from `*.secret_family_key` in the key folder. Every id of `FamilyId` must be there;
 * `*` takes all there are. Throws BAD_KEY_FILE. spec: proposal 321
 */
export async function loadFamilyKeys(
  store: Pick<DataStore, 'list' | 'read'>,
  familyIds: readonly string[],
  options: { readonly folder?: string; readonly logger?: Logger | undefined } = {},
): Promise<ExpandedKey[]> {
  if (familyIds.length === 0) return [];
  const folder = options.folder ?? 'keys';
  const all = familyIds.includes('*');
  const wanted = familyIds.filter((id) => id !== '*').map(fromBase64);
  const keys: ExpandedKey[] = [];
  for (const name of await store.list(folder)) {
    if (!name.endsWith(suffix)) continue;
    const file = await store.read(`${folder}/${name}`, { maxBytes: 96 });
    if (file === undefined) continue;
    const key = expandedKeyFrom(parseTaggedFile(file, 'ed25519v1-secret', 'fmly-id', 64));
    if (all || wanted.some((id) => bytesEqual(id, key.publicKey))) keys.push(key);
    else {
      const id = base64Unpadded(key.publicKey);
      options.logger?.warn('or', `Found secret family key in ${name} with unexpected FamilyID ${id}`);
    }
  }
  for (const id of wanted) {
    if (keys.some((key) => bytesEqual(key.publicKey, id))) continue;
    throw new TorError('BAD_KEY_FILE', `no key was found for the listed FamilyId ${base64Unpadded(id)}`);
  }
  return keys;
}

/**
 * The `family` line: `MyFamily` with nicknames turned into fingerprints where the network knows them, and ourselves; empty
 * when nobody else is in it. Sorted and without doubles, as C tor writes it.
 */
export function declaredFamily(
  myFamily: readonly string[],
  own: { readonly nickname: string; readonly fingerprint: string },
  netdir: NetDir | undefined,
): string[] {
  const members = new Set<string>();
  for (const name of myFamily) {
    if (name.toLowerCase() === own.nickname.toLowerCase()) continue;
    members.add(memberName(name, netdir));
  }
  const me = `$${own.fingerprint}`;
  members.add(me);
  return members.size === 1 ? [] : [...members].sort(compareMembers);
}

function memberName(name: string, netdir: NetDir | undefined): string {
  const fingerprint = /^\$?([0-9a-fA-F]{40})(?:[=~].*)?$/.exec(name)?.[1];
  if (fingerprint !== undefined) return `$${fingerprint.toUpperCase()}`;
  const known = netdir?.byNameOrId(name);
  return known === undefined ? name.toLowerCase() : `$${known.fingerprint}`;
}

/** Fingerprints before nicknames. */
function compareMembers(a: string, b: string): number {
  const nickA = a.startsWith('$') ? 0 : 1;
  const nickB = b.startsWith('$') ? 0 : 1;
  return nickA !== nickB ? nickA - nickB : a < b ? -1 : 1;
}
