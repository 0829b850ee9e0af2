import { base64, fromBase64, fromUtf8 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { type Ed25519SecretKey, ed25519Sign, ed25519Verify } from '../../crypto/primitives/index.ts';
import { type EdgeList, maxNames } from './address-book.ts';
import { normalizeName, shown } from './name.ts';
import { checkNickname } from './nickname.ts';

/** What a service says of itself, or of others, under its own key. */
export interface Card {
  readonly address: string;
  /** What it would like to be called. Anybody may claim any: never resolved. */
  readonly nickname: string;
  readonly signedMs: number;
}

/** How addresses and keys belong together; `roles/onion` knows. */
export interface AddressCodec {
  /** 56 letters of a key. */
  readonly label: (identityKey: Uint8Array) => string;
  /** The key of an address. Throws ONION_ADDRESS_INVALID. */
  readonly identityKey: (address: string) => Uint8Array;
}

const cardHead = 'tropea-card 1';
const listHead = 'tropea-names 1';
const maxSignedBytes = 1024 * 1024;

const invalid = (why: string): TorError => new TorError('NAME_SIGNED_INVALID', why);

/** Throws NAME_INVALID when the nickname cannot be shown. */
export function formatCard(card: Card, key: Ed25519SecretKey): string {
  return signed(
    [
      cardHead,
      `address ${card.address}.onion`,
      `nickname ${JSON.stringify(checkNickname(card.nickname))}`,
      `time ${new Date(card.signedMs).toISOString()}`,
    ],
    key,
  );
}

/** Throws NAME_SIGNED_INVALID, ONION_ADDRESS_INVALID. */
export function parseCard(text: string, codec: AddressCodec): Card {
  const [head, address, nickname, time, ...rest] = verified(text, codec);
  const named = /^nickname (".{0,200}")$/u.exec(nickname ?? '')?.[1];
  if (head !== cardHead || named === undefined || rest.length > 0) throw invalid('this is not a card');
  return { address: addressIn(address), nickname: nicknameIn(named), signedMs: timeIn(time) };
}

export function formatSignedList(list: EdgeList, key: Ed25519SecretKey): string {
  const names = [...list.names].sort().map(([name, address]) => `name ${name} ${address}.onion`);
  return signed(
    [listHead, `address ${list.from}.onion`, `time ${new Date(list.signedMs).toISOString()}`, ...names],
    key,
  );
}

/** Throws NAME_SIGNED_INVALID, ONION_ADDRESS_INVALID. */
export function parseSignedList(text: string, codec: AddressCodec): EdgeList {
  const [head, address, time, ...lines] = verified(text, codec);
  if (head !== listHead) throw invalid('this is not a list of names');
  if (lines.length > maxNames) throw invalid('the list is too long');
  const names = new Map<string, string>();
  for (const line of lines) {
    const [, rawName, named] = /^name (\S{1,200}) ([a-z2-7]{56})\.onion$/u.exec(line) ?? [];
    if (rawName === undefined || named === undefined) throw invalid(`cannot read ${shown(line)}`);
    const name = nameIn(rawName);
    codec.identityKey(named);
    if (names.has(name)) throw invalid(`"${name}" stands there twice`);
    names.set(name, named);
  }
  return { from: addressIn(address), signedMs: timeIn(time), names };
}

function signed(lines: readonly string[], key: Ed25519SecretKey): string {
  const text = `${lines.join('\n')}\n`;
  return `${text}signature ${base64(ed25519Sign(fromUtf8(text), key))}\n`;
}

/** The lines above the signature, which is by the key of the address in the second line. */
function verified(text: string, codec: AddressCodec): string[] {
  if (text.length > maxSignedBytes) throw invalid('the document is too long');
  const clean = text.replaceAll('\r\n', '\n');
  const at = clean.lastIndexOf('\nsignature ') + 1;
  const signature = /^signature ([A-Za-z0-9+/]{86}==)\n?$/.exec(clean.slice(at))?.[1];
  if (at === 0 || signature === undefined) throw invalid('there is no signature');
  const body = clean.slice(0, at);
  const lines = body.slice(0, -1).split('\n');
  const key = codec.identityKey(addressIn(lines[1]));
  if (!ed25519Verify(fromBase64(signature), fromUtf8(body), key)) throw invalid('the signature is not by this address');
  return lines;
}

function addressIn(line: string | undefined): string {
  const address = /^address ([a-z2-7]{56})\.onion$/.exec(line ?? '')?.[1];
  if (address === undefined) throw invalid('there is no address');
  return address;
}

function timeIn(line: string | undefined): number {
  const timeMs = Date.parse(/^time (\d{4}-\d\d-\d\dT[\d:.]+Z)$/.exec(line ?? '')?.[1] ?? '');
  if (Number.isNaN(timeMs)) throw invalid('there is no time');
  return timeMs;
}

function nameIn(text: string): string {
  try {
    return normalizeName(text);
  } catch (cause) {
    throw new TorError('NAME_SIGNED_INVALID', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function nicknameIn(quoted: string): string {
  try {
    return checkNickname(JSON.parse(quoted));
  } catch (cause) {
    throw new TorError('NAME_SIGNED_INVALID', 'the nickname must not be shown', { cause });
  }
}
