import { domainToASCII, domainToUnicode } from 'node:url';
import { TorError } from '../../base/errors/index.ts';

const maxLength = 40;
const reserved = new Set(['petname', 'onion', 'exit', 'localhost', 'local', 'test']);
const scripts = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Armenian',
  'Hebrew',
  'Arabic',
  'Devanagari',
  'Thai',
  'Hangul',
  'Georgian',
];
const scriptTests = scripts.map((name) => ({ name, pattern: new RegExp(`\\p{Script=${name}}`, 'u') }));

/** `bob.petname.onion` is the user's bob; `bob.alice.petname.onion` is whom alice calls bob. */
export const petnameSuffix = '.petname.onion';

const maxLabelLength = 63;

const bad = (why: string): TorError => new TorError('NAME_INVALID', why);

const folded = (text: string): string => text.normalize('NFKC').toLowerCase().normalize('NFKC');

/** Text of strangers for a person's eyes: in quotes, and nothing in it that moves the cursor or turns the direction. */
export const shown = (text: string): string =>
  JSON.stringify(text.slice(0, 80)).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );

/**
 * The one form of a name: composed Unicode in lower case, letters and digits of one script, with hyphens inside. Throws
 * NAME_INVALID with a word what is wrong.
 */
export function normalizeName(text: string): string {
  if (text.length > 4 * maxLength) throw bad(`A name has 1 to ${maxLength} characters.`);
  const name = folded(text);
  if (name === '' || [...name].length > maxLength) throw bad(`A name has 1 to ${maxLength} characters.`);
  if (!/^[\p{L}\p{M}0-9]+(-[\p{L}\p{M}0-9]+)*$/u.test(name)) {
    throw bad(`${shown(text)} cannot be a name: letters, digits from 0 to 9, and single hyphens between them.`);
  }
  if (/^[a-z2-7]{56}$/.test(name)) throw bad('A name must not have the form of an onion address.');
  if (reserved.has(name)) throw bad(`"${name}" is reserved.`);
  const used = scriptsOf(name);
  if (used.length > 1)
    throw bad(`${shown(text)} mixes letters of ${used.join(' and ')}, which looks like another name.`);
  const label = hostLabel(name);
  // What changes on its way through a host name has something in it that is not seen, or not told apart.
  if (label === '' || label.length > maxLabelLength || nameOfLabel(label) !== name) {
    throw bad(`${shown(text)} cannot be written as a host name.`);
  }
  return name;
}

/** Letters of scripts that are not in the list count as one script more. */
function scriptsOf(name: string): string[] {
  const letters = name.match(/\p{L}/gu) ?? [];
  const used = scriptTests.filter(({ pattern }) => letters.some((letter) => pattern.test(letter)));
  const foreign = letters.some((letter) => !scriptTests.some(({ pattern }) => pattern.test(letter)));
  return [...used.map((each) => each.name), ...(foreign ? ['another script'] : [])];
}

/** The label that stands for a name in host names: itself, or its Punycode; empty when there is none. */
export const hostLabel = (name: string): string => withoutSuffix(domainToASCII(`${name}${petnameSuffix}`));

/** Back from a label; empty for what cannot be one. */
export function nameOfLabel(label: string): string {
  // Node reads its argument as the host of a URL: a slash would end it, a percent sign would be decoded.
  if (!/^[\p{L}\p{M}\p{Nd}-]+$/u.test(label)) return '';
  const name = withoutSuffix(domainToUnicode(`${label}${petnameSuffix}`)).normalize('NFC');
  return label.startsWith('xn--') || folded(label) === name ? name : '';
}

/** The suffix keeps Node from reading "123" as an IPv4 address. */
const withoutSuffix = (host: string): string =>
  host.endsWith(petnameSuffix) ? host.slice(0, -petnameSuffix.length) : '';
