import { isInternalIp } from '../../base/ip/index.ts';
import { parseReverseName } from './dns/reverse-name.ts';

export interface NameRules {
  /** Reverse names can be resolved, not connected to. */
  readonly purpose: 'begin' | 'resolve';
  /** ServerDNSAllowNonRFC953Hostnames. */
  readonly anyCharacter: boolean;
}

/** What no name server ever gets to see whole is not asked. */
const maxNameLength = 255;

/** Whether a lower-case name may be asked for at all. */
export function isAllowedName(name: string, { purpose, anyCharacter }: NameRules): boolean {
  if (name === '' || name.length > maxNameLength) return false;
  if (!anyCharacter && !/^[a-z0-9._-]+$/.test(name)) return false;
  const reverse = parseReverseName(name);
  if (reverse === 'not reverse') return true;
  return purpose === 'resolve' && reverse !== 'malformed' && !isInternalIp(reverse);
}
