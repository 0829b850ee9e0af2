import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ControlConnection } from '../support/control-connection.ts';
import { TropeaProcess } from '../support/tropea-process.ts';

/** A node that may not touch the network: everything round it works all the same. */
describe('a running program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tropea-run-'));
  const path = (name: string): string => join(folder, name);
  let torrc = '';
  let node: TropeaProcess;
  let port = 0;

  const write = (more: string): void => writeFileSync(path('torrc'), `${torrc}${more}\n`);

  before(async () => {
    writeFileSync(path('defaults'), '');
    torrc = [
      'DisableNetwork 1',
      `DataDirectory ${path('data')}`,
      'SocksPort 0',
      'ControlPort 127.0.0.1:auto',
      `ControlPortWriteToFile ${path('port')}`,
      'CookieAuthentication 1',
      `PidFile ${path('pid')}`,
      'Log notice stdout',
      `Log notice file ${path('log')}`,
      '',
    ].join('\n');
    write('');
    node = new TropeaProcess(['--defaults-torrc', path('defaults'), '-f', path('torrc')]);
    const opened = /Opened Control listener connection \(ready\) on 127\.0\.0\.1:(\d+)\n/;
    await node.said(opened);
    port = Number(opened.exec(node.output)?.[1]);
  });
  after(() => {
    node.kill();
    rmSync(folder, { recursive: true });
  });

  const controller = async (): Promise<ControlConnection> => {
    const connection = await ControlConnection.open(port);
    const cookie = readFileSync(path('data/control_auth_cookie')).toString('hex');
    assert.equal(await connection.send(`AUTHENTICATE ${cookie}`), '250 OK\r\n');
    return connection;
  };

  it('keeps its files to itself', () => {
    assert.equal(readFileSync(path('pid'), 'utf8'), `${node.pid}\n`);
    assert.equal(statSync(path('data')).mode & 0o777, 0o700);
    assert.deepEqual([statSync(path('pid')).mode & 0o777, statSync(path('log')).mode & 0o777], [0o644, 0o640]);
    assert.equal(statSync(path('data/control_auth_cookie')).mode & 0o777, 0o600);
    assert.match(readFileSync(path('log'), 'utf8'), /opening new log file\./);
  });

  it('lets nobody in without the cookie, and says nothing before', async () => {
    for (const line of ['GETINFO version', 'AUTHENTICATE', 'AUTHENTICATE "guess"', 'NONSENSE']) {
      const connection = await ControlConnection.open(port);
      assert.match(await connection.send(line), /^51[45] /);
      assert.equal(await connection.send('GETINFO version'), '');
    }
    const asking = await ControlConnection.open(port);
    assert.match(await asking.send('PROTOCOLINFO 1'), /AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE=".*"\r\n/);
    asking.close();
  });

  it('answers what it is asked', async () => {
    const connection = await controller();
    assert.equal(readFileSync(path('port'), 'utf8'), `PORT=127.0.0.1:${port}\n`);
    assert.match(await connection.send('GETINFO version'), /^250-version=0\.4\.9\.11 \(tropea-\S+\)\r\n250 OK\r\n$/);
    assert.equal(await connection.send(`GETINFO config-file`), `250-config-file=${path('torrc')}\r\n250 OK\r\n`);
    assert.match(await connection.send('GETINFO config-text'), /^250\+config-text=\r\n.*DisableNetwork 1\r\n/s);
    assert.equal(await connection.send('GETINFO a/b'), '552 Unrecognized key "a/b"\r\n');
    assert.match(await connection.send('GETINFO current-time/utc'), /^250-current-time\/utc=[\d-]+T[\d:]+\r\n/);
    assert.match(await connection.send('GETINFO config/defaults'), /\nMaxCircuitDirtiness "10 minutes"\r\n/);
    assert.match(await connection.send('GETINFO accounting/interval-end'), /=1970-01-01 00:00:00\r\n/);
    assert.match(await connection.send('GETINFO exit-policy/default'), /=reject \*:25,.*,accept \*:\*\r\n/);
    assert.equal(await connection.send('GETINFO exit-policy/full'), '552 Not running in server mode\r\n');
    const few = (command: string, count: number): string =>
      `512 Bad arguments to ${command}: Need at least ${count} argument(s)\r\n`;
    assert.equal(await connection.send('SIGNAL'), few('SIGNAL', 1));
    assert.equal(await connection.send('CLOSESTREAM 7'), few('CLOSESTREAM', 2));
    assert.equal(await connection.send('ATTACHSTREAM 7 0'), '552 Unknown stream "7"\r\n');
    assert.equal(await connection.send('SETROUTERPURPOSE x bridge'), '511 SETROUTERPURPOSE is obsolete.\r\n');
    assert.equal(await connection.send('GETCONF DisableNetwork nickname'), '250-DisableNetwork=1\r\n250 Nickname\r\n');
    assert.match(await connection.send('GETCONF Nonsense'), /^552 Unrecognized configuration key "Nonsense"/);
    assert.equal(
      await connection.send('GETINFO circuit-status stream-status'),
      '250-circuit-status=\r\n250-stream-status=\r\n250 OK\r\n',
    );
    assert.equal(await connection.send('FROBNICATE'), '510 Unrecognized command "FROBNICATE"\r\n');
    assert.equal(await connection.send('SETEVENTS CIRC NONSENSE'), '552 Unrecognized event "NONSENSE"\r\n');
    assert.equal(await connection.send('QUIT'), '250 closing connection\r\n');
  });

  it('changes options, tells of it, and refuses what is wrong', async () => {
    const connection = await controller();
    await connection.send('SETEVENTS CONF_CHANGED');
    assert.equal(await connection.send('SETCONF MaxCircuitDirtiness="20 minutes"'), '250 OK\r\n');
    assert.equal(await connection.send('GETCONF MaxCircuitDirtiness'), '250 MaxCircuitDirtiness=1200\r\n');
    assert.deepEqual(connection.events, ['650-CONF_CHANGED\r\n650-MaxCircuitDirtiness=1200\r\n650 OK\r\n']);
    assert.match(await connection.send('SETCONF MaxCircuitDirtiness=often'), /^513 Unacceptable option value: /);
    assert.match(await connection.send('SETCONF NoSuchOption=1'), /^552 Unrecognized option: Unknown option/);
    assert.match(await connection.send('SETCONF DataDirectory=/'), /^553 Transition not allowed: /);
    assert.equal(await connection.send('RESETCONF MaxCircuitDirtiness'), '250 OK\r\n');
    assert.equal(await connection.send('GETCONF MaxCircuitDirtiness'), '250 MaxCircuitDirtiness=600\r\n');
    connection.close();
  });

  it('maps addresses', async () => {
    const connection = await controller();
    assert.equal(await connection.send('MAPADDRESS a.example=b.example'), '250 a.example=b.example\r\n');
    assert.equal(
      await connection.send('GETINFO address-mappings/control'),
      '250-address-mappings/control=a.example b.example NEVER\r\n250 OK\r\n',
    );
    assert.match(await connection.send('MAPADDRESS 0.0.0.0=c.example'), /^250 127\.\d+\.\d+\.\d+=c\.example\r\n$/);
    assert.match(await connection.send('MAPADDRESS *=c.example'), /^512 /);
    connection.close();
  });

  it('adds and removes onion services with their connection', async () => {
    const first = await controller();
    const added = await first.send('ADD_ONION NEW:BEST Port=80,8080');
    const [, label = '', key = ''] =
      /ServiceID=(\S{56})\r\n250-PrivateKey=(ED25519-V3:\S{88})\r\n250 OK/.exec(added) ?? [];
    assert.ok(label !== '' && key !== '', added);
    assert.equal(await first.send('GETINFO onions/current'), `250-onions/current=${label}\r\n250 OK\r\n`);
    assert.equal(await first.send(`ADD_ONION ${key} Port=80`), '550 Onion address collision\r\n');
    const second = await controller();
    assert.equal(await second.send(`DEL_ONION ${label}`), '552 Unknown Onion Service id\r\n');
    assert.equal(await first.send(`DEL_ONION ${label}`), '250 OK\r\n');
    assert.equal(await second.send(`ADD_ONION ${key} Flags=Detach Port=80`), `250-ServiceID=${label}\r\n250 OK\r\n`);
    second.close();
    assert.equal(await first.send('GETINFO onions/detached'), `250-onions/detached=${label}\r\n250 OK\r\n`);
    assert.equal(await first.send(`DEL_ONION ${label}`), '250 OK\r\n');
    for (const bad of ['NEW:BEST', 'NEW:RSA1024 Port=1', 'X:Y Port=1', 'NEW:BEST Port=0', 'NEW:BEST Port=80,unix']) {
      assert.match(await first.send(`ADD_ONION ${bad}`), /^51[23] /);
    }
    first.close();
  });

  it('reads its torrc again and opens its logs anew on SIGHUP', async () => {
    renameSync(path('log'), path('log.1'));
    write('MaxCircuitDirtiness 30 minutes');
    const connection = await controller();
    await connection.send('SETEVENTS CONF_CHANGED NOTICE SIGNAL');
    node.signal('SIGHUP');
    await connection.heard(/^650 SIGNAL RELOAD/);
    assert.equal(await connection.send('GETCONF MaxCircuitDirtiness'), '250 MaxCircuitDirtiness=1800\r\n');
    await connection.heard(/^650 NOTICE Received reload signal \(hup\)/);
    await connection.heard(/^650-CONF_CHANGED\r\n650-MaxCircuitDirtiness=1800\r\n650 OK/);
    assert.ok(existsSync(path('log')));
    connection.close();
  });

  it('goes to debug on SIGUSR2 and back', async () => {
    const from = node.output.length;
    node.signal('SIGUSR2');
    await node.said(/\[debug\] Caught USR2, going to loglevel debug\./, from);
    node.signal('SIGUSR1');
    await node.said(/Dumping stats:/, from);
  });

  it('saves its configuration', async () => {
    const connection = await controller();
    assert.equal(await connection.send('SETCONF NumCPUs=3'), '250 OK\r\n');
    assert.equal(await connection.send('SAVECONF'), '250 OK\r\n');
    assert.match(readFileSync(path('torrc'), 'utf8'), /^# This file was generated by Tor;.*NumCPUs 3\n/s);
    assert.ok(existsSync(path('torrc.orig.1')));
    connection.close();
  });

  it('ends when its owner goes, and clears up behind it', async () => {
    const connection = await controller();
    assert.equal(await connection.send('TAKEOWNERSHIP'), '250 OK\r\n');
    connection.close();
    assert.equal(await node.ended(), 0);
    assert.match(node.output, /Owning controller connection has closed/);
    for (const name of ['pid', 'port', 'data/control_auth_cookie']) assert.ok(!existsSync(path(name)), name);
  });
});

describe('RunAsDaemon', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tropea-daemon-'));
  const path = (name: string): string => join(folder, name);
  after(() => rmSync(folder, { recursive: true }));

  it('ends in the foreground once another process runs', async () => {
    const socket = path('control');
    const lines = ['RunAsDaemon 1', 'DisableNetwork 1', 'SocksPort 0', `DataDirectory ${path('data')}`];
    lines.push(`PidFile ${path('pid')}`, `ControlSocket ${socket}`, `Log notice file ${path('log')}`, '');
    writeFileSync(path('torrc'), lines.join('\n'));
    const foreground = new TropeaProcess(['--defaults-torrc', '/dev/null', '-f', path('torrc')]);
    assert.equal(await foreground.ended(), 0, foreground.output);
    const pid = Number(readFileSync(path('pid'), 'utf8'));
    assert.notEqual(pid, foreground.pid);
    const connection = await ControlConnection.open(socket);
    try {
      assert.equal(statSync(socket).mode & 0o777, 0o600);
      assert.equal(await connection.send('AUTHENTICATE'), '250 OK\r\n');
      assert.equal(await connection.send('GETINFO process/pid'), `250-process/pid=${pid}\r\n250 OK\r\n`);
      assert.equal(await connection.send('SIGNAL HALT'), '250 OK\r\n');
      assert.equal(await connection.send('GETINFO version'), '');
    } finally {
      connection.close();
    }
    assert.match(readFileSync(path('log'), 'utf8'), /exiting cleanly/);
  });

  it('tells why it cannot start, and ends with 1', async () => {
    writeFileSync(path('bad'), `RunAsDaemon 1\nDisableNetwork 1\nSocksPort 0\nDataDirectory ${path('torrc')}/under\n`);
    const foreground = new TropeaProcess(['--defaults-torrc', '/dev/null', '-f', path('bad')]);
    assert.equal(await foreground.ended(), 1);
    assert.match(foreground.output, /\[err\] .*torrc\/under/);
  });
});
