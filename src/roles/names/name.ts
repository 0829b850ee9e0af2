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

const bad = (why: string): TorError => new TorError('NAME_INVALID', why);

/**
 * The one form of a name: composed Unicode in lower case, letters and digits of one script, with hyphens inside. Throws
 * NAME_INVALID with a word what is wrong.
 */
export function normalizeName(text: string): string {
  const name = text.normalize('NFKC').toLowerCase();
  if (name === '' || [...name].length > maxLength) throw bad(`A name has 1 to ${maxLength} characters.`);
  if (!/^[\p{L}\p{M}\p{Nd}]+(-[\p{L}\p{M}\p{Nd}]+)*$/u.test(name)) {
    throw bad(`"${text}" cannot be a name: letters, digits, and single hyphens between them.`);
  }
  if (/^[a-z2-7]{56}$/.test(name)) throw bad('A name must not have the form of an onion address.');
  if (reserved.has(name)) throw bad(`"${name}" is reserved.`);
  const used = scriptTests.filter(({ pattern }) => pattern.test(name)).map((each) => each.name);
  if (used.length > 1) throw bad(`"${text}" mixes letters of ${used.join(' and ')}, which looks like another name.`);
  if (hostLabel(name) === '') throw bad(`"${text}" cannot be written as a host name.`);
  return name;
}

/** The label that stands for a name in host names: itself, or its Punycode. */
export const hostLabel = (name: string): string => domainToASCII(name);

/** Back from a label. */
export const nameOfLabel = (label: string): string => domainToUnicode(label).normalize('NFC');
