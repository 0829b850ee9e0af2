// node scripts/nodes.mjs [version...] [pattern...]
//
// The unit and end-to-end tests and the demonstration network under other releases of Node.js, 22, 24 and 26 when none is
// named: each is installed from npm into a folder that is removed afterwards. A pattern is a part of a test file's path.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const words = process.argv.slice(2);
const isVersion = (word) => /^\d+(\.\d+)*$/.test(word);
const versions = words.some(isVersion) ? words.filter(isVersion) : ['22', '24', '26'];
const patterns = words.filter((word) => !isVersion(word));

function works(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error !== undefined) console.error(error.message);
  return status === 0;
}

function passes(version) {
  const folder = mkdtempSync(join(tmpdir(), 'tropea-node-'));
  try {
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
    if (!works('npm', ['install', '--prefix', folder, ...quiet, `node@${version}`])) return false;
    const bin = join(folder, 'node_modules/node/bin');
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    const node = join(bin, 'node');
    return (
      works(node, ['--version'], { env }) &&
      works(node, ['scripts/test.mjs', 'unit', ...patterns], { env }) &&
      works(node, ['bin/tropea', 'lab', 'demo', '--once'], { env })
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const failed = versions.filter((version) => !passes(version));
for (const version of failed) console.error(`Node.js ${version} fails`);
process.exit(failed.length > 0 ? 1 : 0);
