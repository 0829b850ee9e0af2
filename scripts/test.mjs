// node scripts/test.mjs [unit|interop|all] [pattern...]
//
// unit: everything below test/ but interop/, two files at a time. interop: test/interop against real tor processes; what
// can share a network does so: it is started here and handed over in the environment. On a machine with few cores the
// networks of two lanes take each other's time, and timing is part of the protocol (votes, guards that seem down): one or
// two files that fail get a second try with the machine to themselves, and the run says so. `--once` denies it.
// A pattern is a part of a file's path. `--names=REGEX` is passed on to the test runner.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const kinds = ['unit', 'interop'];
const mostSecondTries = 2;
// For a whole file.
const interopTimeoutMs = process.env.TROPEA_TEST_THOROUGH === undefined ? 300_000 : 1_200_000;

function arguments_(argv) {
  const options = argv.filter((argument) => argument.startsWith('--'));
  const words = argv.filter((argument) => !argument.startsWith('--'));
  const names = options.find((option) => option.startsWith('--names='))?.slice('--names='.length);
  const once = options.includes('--once');
  const named = words[0] === 'all' || kinds.includes(words[0]);
  const kind = named ? words[0] : 'all';
  return { kinds: kind === 'all' ? kinds : [kind], patterns: named ? words.slice(1) : words, names, once };
}

function testFiles(kind, patterns) {
  return readdirSync(join(root, 'test'), { recursive: true })
    .map((name) => `test/${String(name).split(sep).join('/')}`)
    .filter((name) => name.endsWith('.test.ts') && name.startsWith('test/interop/') === (kind === 'interop'))
    .filter((name) => patterns.length === 0 || patterns.some((pattern) => name.includes(pattern)))
    .sort();
}

/** Runs the files in node's test runner; resolves to its exit code: 1 when tests failed. */
function run(files, { concurrency, timeoutMs, names, env }) {
  const args = [
    '--import',
    'tsx',
    '--import',
    join(root, 'scripts/test-setup.mjs'),
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${timeoutMs}`,
    `--test-reporter=${join(root, 'scripts/test-reporter.mjs')}`,
    '--test-reporter-destination=stdout',
    ...(names === undefined ? [] : [`--test-name-pattern=${names}`]),
    ...files,
  ];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  const forward = (signal) => child.kill(signal);
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(error.message);
      resolve(2);
    });
    child.on('exit', (code, signal) => {
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      if (signal !== null) console.error(`the test runner ended by ${signal}`);
      resolve(code ?? 2);
    });
  });
}

/**
 * Two lanes at once, one file after the other in each: the files of the network that all share, and those that start their
 * own, which wait for its first consensus most of the time.
 */
async function runLanes(files, names, failedList) {
  const shares = (file) => readFileSync(join(root, file), 'utf8').includes('/shared-network.ts');
  const lane = (inLane, env) =>
    inLane.length === 0
      ? 0
      : run(inLane, {
          concurrency: 1,
          timeoutMs: interopTimeoutMs,
          names,
          env: { ...env, TROPEA_TEST_FAILED: failedList },
        });
  const [sharing, alone] = [files.filter(shares), files.filter((file) => !shares(file))];
  const codes = await Promise.all([lane(alone, {}), inSharedNetwork(sharing, (env) => lane(sharing, env))]);
  return Math.max(...codes);
}

/** The lanes, and for few failures a second try, one file after the other, each in a network that is its own. */
async function runInterop(files, { names, once }) {
  const folder = mkdtempSync(join(tmpdir(), 'tropea-tests-'));
  const failedList = join(folder, 'failed');
  try {
    const code = await runLanes(files, names, failedList);
    const failed = code === 1 ? failedFiles(failedList, files) : [];
    if (once || failed.length === 0 || failed.length > mostSecondTries) return code;
    console.log(`second try, alone: ${failed.join(' ')}`);
    const again = await run(failed, { concurrency: 1, timeoutMs: interopTimeoutMs, names, env: {} });
    if (again === 0) console.log(`FLAKY  failed beside other networks, passed alone: ${failed.join(' ')}`);
    return again;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Empty when something else than tests of these files failed. */
function failedFiles(list, files) {
  let text = '';
  try {
    text = readFileSync(list, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const failed = [...new Set(text.split('\n').filter((line) => line !== ''))];
  return failed.every((file) => files.includes(file)) ? failed : [];
}

async function inSharedNetwork(files, use) {
  if (files.length === 0) return 0;
  const { tsImport } = await import('tsx/esm/api');
  const { startSharedNetwork } = await tsImport('../test/interop/support/shared-network.ts', import.meta.url);
  const shared = await startSharedNetwork();
  try {
    return await use(shared.environment);
  } finally {
    await shared.stop();
  }
}

/** Tests that start `bin/tropea` are to meet what the sources say now. */
function build() {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) console.error('the build has errors; what could be built is tested');
}

const wanted = arguments_(process.argv.slice(2));
if (process.env.TROPEA_LAB_TROPEA === undefined) build();
let worst = 0;
let count = 0;
for (const kind of wanted.kinds) {
  const files = testFiles(kind, wanted.patterns);
  if (files.length === 0) continue;
  count += files.length;
  console.log(`${kind}: ${files.length} test ${files.length === 1 ? 'file' : 'files'}`);
  const code =
    kind === 'interop'
      ? await runInterop(files, wanted)
      : await run(files, { concurrency: 2, timeoutMs: 120_000, names: wanted.names, env: {} });
  worst = Math.max(worst, code);
}
if (count === 0) {
  console.error('no test file fits');
  worst = 2;
}
process.exitCode = worst;
