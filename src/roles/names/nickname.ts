import { TorError } from '../../base/errors/index.ts';

const maxLength = 60;

/** What a service calls itself, fit to be shown: nothing in it moves the cursor or turns the direction. Throws NAME_INVALID. */
export function checkNickname(value: unknown): string {
  if (typeof value !== 'string' || value.length > maxLength || /[\p{C}\p{Zl}\p{Zp}]/u.test(value)) {
    throw new TorError('NAME_INVALID', `a nickname has up to ${maxLength} characters, all of which can be seen`);
  }
  return value;
}
