import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Lab } from '../../src/app/lab/index.ts';
import { Child } from './support/child.ts';
import { runCommand } from './support/clients.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { scratch, torClient, tropeaClient } from './support/tropea.ts';

const bytes = randomBytes(1_000_000);

/** OpenSSH on both ends: one long-lived stream with small packets both ways, opened by `torsocks`. */
describe('an OpenSSH server behind an onion service of Tropea', () => {
  let net: Lab;
  let server: Child;
  let folder: string;
  const clients: Record<string, number> = {};

  before(async () => {
    net = await sharedNetwork();
    folder = await scratch(net, 'ssh');
    for (const key of ['host', 'client']) {
      const made = await runCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)]);
      assert.equal(made.code, 0, made.stderr);
    }
    await copyFile(join(folder, 'client.pub'), join(folder, 'authorized_keys'));
    // Where a server that root starts keeps nothing, but insists on it.
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    const port = await net.freePort();
    const config = [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      'AuthenticationMethods publickey',
      'PasswordAuthentication no',
      'PermitRootLogin yes',
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
    ];
    await writeFile(join(folder, 'sshd_config'), `${config.join('\n')}\n`);
    server = new Child({
      name: 'sshd',
      command: ['/usr/sbin/sshd', '-D', '-e', '-f', join(folder, 'sshd_config')],
      logFile: join(folder, 'sshd.log'),
    });
    await server.waitForLine(/Server listening/, { timeoutMs: 20_000 });
    await net.addOnionService({
      name: 'ssh',
      implementation: 'tropea',
      service: [`HiddenServicePort 22 127.0.0.1:${port}`],
    });
    const [tor, tropea] = await Promise.all([torClient(net), tropeaClient(net)]);
    clients['C tor'] = tor.socksPort;
    clients.Tropea = tropea.socksPort;
  });
  after(async () => {
    await server?.stop();
    await net.stop();
  });

  const ssh = (program: string, command: string, input: Iterable<Uint8Array> = []) =>
    runCommand(
      [
        ...['torsocks', '--address', '127.0.0.1', '--port', String(clients[program])],
        ...['ssh', '-F', 'none', '-T', '-i', join(folder, 'client'), '-o', 'IdentitiesOnly=yes'],
        ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
        `${userInfo().username}@${net.onion('ssh').hostname}`,
        command,
      ],
      { timeoutMs: 60_000, input },
    );

  for (const program of ['C tor', 'Tropea']) {
    it(`lets in who comes through a client of ${program}`, async () => {
      const { stdout, stderr } = await ssh(program, 'echo $((6 * 7)) "$SSH_CONNECTION"');
      assert.match(stdout.toString(), /^42 127\.0\.0\.1 /, stderr);
    });

    it(`carries a megabyte there and back through a client of ${program}`, async () => {
      const { stdout, stderr } = await ssh(program, 'cat', [bytes]);
      assert.ok(stdout.equals(bytes), `${stdout.length} bytes came back ${stderr}`);
    });
  }
});
