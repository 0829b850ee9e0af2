import { readFileSync } from 'node:fs';
import type { Logger } from '../../base/log/index.ts';

/** The C tor whose options, words and protocol this program has. */
const torVersion = '0.4.9.11';

/** At the head of log files, as C tor writes it. */
export const productName = `Tor ${torVersion}`;

function programVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/**
 * `0.4.9.11 (tropea-0.1.0)`: our own version stands where C tor puts the commit it was built from, a form that readers
 * of `tor --version` take.
 */
export const fullVersion = (): string => `${torVersion} (tropea-${programVersion()})`;

const builtOn = (): string => {
  const { node, openssl, zlib } = process.versions;
  const system = process.platform === 'linux' ? 'Linux' : process.platform === 'darwin' ? 'Darwin' : process.platform;
  return `${system} with Node.js ${node}, OpenSSL ${openssl} and Zlib ${zlib}`;
};

export function logHead(log: Logger): void {
  if (!log.enabled('notice')) return;
  log.notice('general', `Tor ${fullVersion()} running on ${builtOn()}.`);
  log.notice(
    'general',
    "Tor can't help you if you use it wrong! Learn how to be safe at " +
      'https://support.torproject.org/faq/staying-anonymous/',
  );
}

export function versionText(): string {
  return (
    `Tor version ${fullVersion()}.\n` +
    `This is Tropea ${programVersion()}, an implementation of Tor in TypeScript that is not made by The Tor Project; ` +
    `it follows Tor ${torVersion}.\n` +
    `Tor is running on ${builtOn()}.\n`
  );
}

export function libraryVersionsText(): string {
  const { node, v8, uv, openssl, zlib } = process.versions;
  const rows = Object.entries({ 'Node.js': node, V8: v8, libuv: uv, OpenSSL: openssl, Zlib: zlib });
  const lines = rows.map(([name, version]) => `${name.padEnd(8)}\t${version}`);
  return `Tor version ${fullVersion()}. \nLibrary versions\tRuntime\n${lines.join('\n')}\n`;
}
