import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LogTargets } from '../../../../../src/app/node/logging/index.ts';
import { TorError } from '../../../../../src/base/errors/index.ts';
import { Logger } from '../../../../../src/base/log/index.ts';
import { loadOptions, type TorOptions } from '../../../../../src/wire/torrc/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'tropea-log-'));
after(() => rmSync(folder, { recursive: true }));

function setUp(): { log: Logger; targets: LogTargets; out: string[]; errors: string[] } {
  const out: string[] = [];
  const errors: string[] = [];
  const log = new Logger(() => 0);
  const targets = new LogTargets(
    { log, stdout: (line) => out.push(line), stderr: (line) => errors.push(line), now: () => 0 },
    { product: 'Tor 0.4.9.11' },
  );
  return { log, targets, out, errors };
}

const options = (torrc: string): TorOptions => loadOptions({ torrc }).options;
const plain = { quiet: 'none', daemon: false } as const;

test('each target hears what its line asks for', () => {
  const { log, targets, out, errors } = setUp();
  const file = join(folder, 'a.log');
  targets.configure(options(`Log notice stdout\nLog err stderr\nLog info file ${file}\n`), plain);
  log.debug('net', 'd');
  log.info('net', 'i');
  log.notice('net', 'n');
  log.err('net', 'e');
  targets.close();
  assert.equal(out.length, 2);
  assert.equal(errors.length, 1);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? '', /\[notice\] Tor 0\.4\.9\.11 opening new log file\.$/);
});

test('without Log lines: notice to standard output, less when quiet', () => {
  for (const [quiet, expected] of [
    ['none', 2],
    ['hush', 1],
    ['quiet', 0],
  ] as const) {
    const { log, targets, out } = setUp();
    targets.configure(options(''), { quiet, daemon: false });
    log.notice('net', 'n');
    log.warn('net', 'w');
    assert.equal(out.length, expected, quiet);
  }
});

test('a file moved away is made anew by the next configuration', () => {
  const { log, targets } = setUp();
  const file = join(folder, 'rotated.log');
  const config = options(`Log notice file ${file}`);
  targets.configure(config, plain);
  renameSync(file, `${file}.1`);
  log.notice('net', 'before');
  targets.configure(config, { ...plain, old: config });
  log.notice('net', 'after');
  targets.close();
  assert.match(readFileSync(`${file}.1`, 'utf8'), /before/);
  assert.match(readFileSync(file, 'utf8'), /after/);
  assert.doesNotMatch(readFileSync(file, 'utf8'), /before/);
});

test('TruncateLogFile empties the file once', () => {
  const { targets } = setUp();
  const file = join(folder, 'cut.log');
  writeFileSync(file, 'old\n');
  const config = options(`TruncateLogFile 1\nLog notice file ${file}`);
  targets.configure(config, plain);
  assert.doesNotMatch(readFileSync(file, 'utf8'), /old/);
  writeFileSync(file, 'kept\n');
  targets.configure(config, { ...plain, old: config });
  targets.close();
  assert.match(readFileSync(file, 'utf8'), /kept/);
});

test('a file that cannot be opened leaves the old targets standing', () => {
  const { log, targets, out } = setUp();
  targets.configure(options('Log notice stdout'), plain);
  assert.throws(
    () => targets.configure(options(`Log notice file ${folder}/no/such/folder`), plain),
    (error) => TorError.is(error) && error.code === 'STORAGE_FAILED',
  );
  log.notice('net', 'still here');
  assert.equal(out.length, 1);
});

test('standard output stands in for syslog when nothing else goes there', () => {
  const { log, targets, out } = setUp();
  targets.useDefault('none');
  targets.configure(options('Log notice syslog'), plain);
  log.notice('net', 'heard');
  assert.match(out.join(''), /no syslog target; standard output takes these lines.*\[notice\] heard\n/s);
  targets.configure(options('Log notice syslog\nLog notice stdout'), plain);
  out.length = 0;
  log.notice('net', 'once');
  assert.equal(out.length, 1);
});

test('a file hears what was said before it was opened, standard output not again', () => {
  const { log, targets, out } = setUp();
  const file = join(folder, 'early.log');
  targets.useDefault('none');
  log.warn('config', 'early');
  log.info('config', 'too quiet');
  targets.configure(options(`Log notice file ${file}\nLog notice stdout`), plain);
  log.notice('net', 'late');
  targets.configure(options(`Log notice file ${file}`), plain);
  targets.close();
  const heard = readFileSync(file, 'utf8').match(/(?<=\] ).*/g);
  const opening = 'Tor 0.4.9.11 opening';
  assert.deepEqual(heard, [`${opening} new log file.`, 'early', 'late', `${opening} log file.`]);
  assert.equal(out.filter((line) => line.includes('early')).length, 1);
});

test('a new log file is for the group too, whatever the umask; one that is there keeps its mode', () => {
  const { targets } = setUp();
  const [made, there] = [join(folder, 'made.log'), join(folder, 'there.log')];
  writeFileSync(there, '', { mode: 0o600 });
  const before = process.umask(0o077);
  try {
    targets.configure(options(`Log notice file ${made}\nLog notice file ${there}`), plain);
  } finally {
    process.umask(before);
    targets.close();
  }
  assert.deepEqual(
    [made, there].map((path) => statSync(path).mode & 0o777),
    [0o640, 0o600],
  );
});

test('syslog is refused with a word and the rest goes on; USR2 opens everything', () => {
  const { log, targets, out } = setUp();
  targets.useDefault('none');
  targets.configure(options('Log notice syslog\nLog notice stdout'), plain);
  assert.match(out.join(''), /no syslog target/);
  log.debug('net', 'd');
  assert.doesNotMatch(out.join(''), /\] d/);
  targets.switchToDebug();
  log.debug('net', 'd');
  assert.match(out.join(''), /\[debug\] d/);
  assert.ok(targets.showsOnTerminal('notice'));
});
