import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../results.md', import.meta.url));

export function machine(): string {
  const [cpu] = cpus();
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${memoryGib} GiB, Node.js ${process.version}, Linux`;
}

/** Replaces one section of the results, from its heading to the next. */
export function writeSection(heading: string, text: string): void {
  const title =
    '# Benchmark results\n\nMade by `npm run bench`. Ratios carry over to other machines, figures do not.\n';
  const before = existsSync(file) ? readFileSync(file, 'utf8') : title;
  const sections = before.split(/^(?=## )/m);
  const mine = `## ${heading}\n\n${text}\n`;
  const position = sections.findIndex((section) => section.startsWith(`## ${heading}\n`));
  if (position < 0) sections.push(`${sections.pop()?.trimEnd() ?? ''}\n\n`, mine);
  else sections[position] = position === sections.length - 1 ? mine : `${mine}\n`;
  writeFileSync(file, sections.join(''));
}
