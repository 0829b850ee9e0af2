import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A program that takes a torrc the way `tor` does. */
export type Implementation = 'tor' | 'tropea' | { readonly name: string; readonly command: readonly string[] };

export const implementationName = (implementation: Implementation): string =>
  typeof implementation === 'string' ? implementation : implementation.name;

/** The words before `-f torrc`. TROPEA_LAB_TOR and TROPEA_LAB_TROPEA put other programs in the two seats. */
export function commandOf(implementation: Implementation): readonly string[] {
  if (typeof implementation !== 'string') return implementation.command;
  if (implementation === 'tor') return [process.env.TROPEA_LAB_TOR ?? 'tor'];
  const other = process.env.TROPEA_LAB_TROPEA;
  return other === undefined ? [process.execPath, join(root, 'bin/tropea')] : other.split(' ');
}

/** Starts a process that takes many nodes of Tropea. */
export const hostCommand = (): readonly string[] => [...commandOf('tropea'), 'lab', 'host'];
