import type { TorOptions } from './options.ts';
import { quoteIfNeeded } from './quoting.ts';
import { optionNames, optionSpec } from './table/index.ts';

/**
 * The configuration as text that can be read back, options in the order of their names. `defaults`: leave out what is
 * the same there.
 */
export function dumpOptions(options: TorOptions, defaults?: TorOptions): string {
  let out = '';
  for (const name of optionNames) {
    const { type, nodump, invisible } = optionSpec(name);
    if (nodump === true || invisible === true || type === 'linelist-s') continue;
    if (defaults !== undefined && options.same(defaults, name)) continue;
    for (const line of options.assigned(name)) {
      if (line.key.startsWith('__')) continue;
      out += line.value === '' ? `${line.key}\n` : `${line.key} ${quoteIfNeeded(line.value)}\n`;
    }
  }
  return out;
}
