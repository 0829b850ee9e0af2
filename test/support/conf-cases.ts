import { readdirSync, readFileSync } from 'node:fs';

/** One folder of test/conf: a torrc and what C tor 0.4.9.11 made of it. */
export interface ConfCase {
  readonly name: string;
  readonly folder: string;
  readonly torrc: string;
  /** `--dump-config short`, or the message of the refusal. */
  readonly outcome:
    | { readonly kind: 'valid'; readonly dump: string }
    | { readonly kind: 'error'; readonly message: string };
}

const root = new URL('../conf/', import.meta.url);

export function confCases(): ConfCase[] {
  return readdirSync(root)
    .sort()
    .map((name) => {
      const folder = new URL(`${name}/`, root).pathname;
      const files = readdirSync(folder);
      const read = (file: string): string => readFileSync(`${folder}${file}`, 'utf8');
      return {
        name,
        folder,
        torrc: read('torrc'),
        outcome: files.includes('error')
          ? { kind: 'error', message: read('error').trim() }
          : { kind: 'valid', dump: read('expected') },
      };
    });
}
