import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { TropeaProcess } from '../support/tropea-process.ts';

/** Signals that the program does not know bring about what only a bug could. */
const bugs = [
  `process.on('SIGWINCH', () => { throw new Error('a bug of somebody'); });`,
  `process.on('SIGCONT', () => process.exit(7));`,
].join('');
const endLine = /\[err\] Bug: The process ends with code (\d+) although nobody asked it to\. Please report this\./;

describe('a node and its end', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tropea-end-'));
  let node: TropeaProcess;

  beforeEach(async () => {
    const torrc = join(folder, 'torrc');
    const lines = ['DisableNetwork 1', `DataDirectory ${join(folder, 'data')}`, 'SocksPort 0', 'ControlPort auto', ''];
    writeFileSync(torrc, lines.join('\n'));
    node = new TropeaProcess(['--defaults-torrc', '/dev/null', '-f', torrc], { before: bugs });
    await node.said(/Opened Control listener connection/);
  });
  afterEach(() => node.kill());
  after(() => rmSync(folder, { recursive: true }));

  it('says so when something ends the process that nobody asked to end', async () => {
    node.signal('SIGCONT');
    assert.equal(await node.ended(), 7);
    assert.equal(endLine.exec(node.output)?.[1], '7', node.output);
  });

  it('tells of an error that nobody caught, goes on, and ends in silence when asked', async () => {
    node.signal('SIGWINCH');
    await node.said(/\[err\] Bug: Uncaught exception: Error: a bug of somebody\n\s+at /);
    node.signal('SIGTERM');
    await node.said(/Catching signal TERM, exiting cleanly/);
    assert.equal(await node.ended(), 0);
    assert.doesNotMatch(node.output, endLine);
  });
});
