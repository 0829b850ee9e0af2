import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  formatPrometheus,
  MetricsServer,
  metric,
  processMetrics,
  relayMetrics,
} from '../../../../src/views/metrics/index.ts';
import { parseAddressPolicy } from '../../../../src/wire/torrc/index.ts';
import { helloDirectory, LoopbackRelay } from '../../../support/loopback-relay.ts';

const loopback = Uint8Array.of(127, 0, 0, 1);

function request(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', reject);
    socket.write(text);
  });
}

describe('the exposition format', () => {
  it('has help and type once for each name, and escapes labels', () => {
    const text = formatPrometheus([
      metric('counter', 'a_total', 'Help.', [
        { labels: { side: 'read', odd: 'a"b\\c\nd' }, value: 3 },
        { labels: { side: 'write' }, value: 0.25 },
      ]),
      metric('gauge', 'b', 'Other.', [{ value: Number.NaN }]),
    ]);
    assert.equal(
      text,
      [
        '# HELP tor_a_total Help.',
        '# TYPE tor_a_total counter',
        'tor_a_total{side="read",odd="a\\"b\\\\c\\nd"} 3',
        'tor_a_total{side="write"} 0.250',
        '# HELP tor_b Other.',
        '# TYPE tor_b gauge',
        'tor_b 0',
        '',
      ].join('\n'),
    );
  });
});

describe('MetricsPort', () => {
  let net: LoopbackRelay;
  let server: MetricsServer;
  let port: number;
  const self = processMetrics();

  before(async () => {
    net = await LoopbackRelay.start({ directory: helloDirectory });
    const resolver = { queries: { A: 1, AAAA: 2, PTR: 0 }, errors: new Map([['notexist' as const, 2]]) };
    const { relay, channels } = net;
    const sources = [relayMetrics({ relay, channels, netdir: () => undefined, exit: { resolver } }), self.source];
    server = new MetricsServer(sources, {
      address: loopback,
      port: 0,
      policy: parseAddressPolicy(['accept 127.0.0.1']),
    });
    port = await server.listen();
    const circuit = await net.circuit();
    await net.ask(circuit);
    circuit.sendDrop();
    circuit.close();
    await net.ask(await net.circuit());
  });
  after(async () => {
    self.stop();
    await server.close();
    await net.stop();
  });

  it('tells what a relay did, under the names of C tor', async () => {
    const answer = await request(port, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.match(
      answer,
      /^HTTP\/1\.0 200 OK\r\nContent-Type: text\/plain; charset=utf-8\r\nContent-Length: \d+\r\n\r\n#/,
    );
    for (const line of [
      'tor_relay_load_onionskins_total{type="ntor_v3",action="processed"} 2',
      'tor_relay_streams_total{type="BEGIN_DIR"} 2',
      'tor_relay_circuits_total{state="opened"} 1',
      'tor_relay_connections{type="OR",direction="received",state="opened",family="ipv4"} 1',
      'tor_relay_connections_total{type="OR",direction="received",state="created",family="ipv4"} 1',
      'tor_relay_connections_total{type="OR",direction="initiated",state="created",family="ipv4"} 0',
      'tor_relay_connections_total{type="OR",direction="received",state="rejected",family="ipv4"} 0',
      'tor_relay_destroy_cell_total 1',
      'tor_relay_drop_cell_total 1',
      'tor_relay_dos_total{type="introduce2_rejected"} 0',
      'tor_relay_flag{type="Running"} 0',
      'tor_relay_load_onionskins_total{type="tap",action="processed"} 0',
      'tor_relay_intro1_total{action="unknown_service"} 0',
      'tor_relay_est_rend_total{action="success"} 0',
      'tor_relay_exit_dns_query_total 3',
      'tor_relay_exit_dns_error_total{reason="notexist"} 2',
      'tor_relay_exit_dns_error_total{reason="success"} 0',
      '# TYPE tor_relay_dos_total counter',
      '# TYPE tor_relay_load_oom_bytes_total counter',
      '# TYPE tor_relay_signing_cert_expiry_timestamp gauge',
      '# TYPE tor_process_memory_bytes gauge',
    ]) {
      assert.ok(answer.includes(`${line}\n`), line);
    }
    assert.match(answer, /\ntor_relay_open_link_cells\{kind="in"\} [1-9]/);
  });

  it('refuses what is not a scrape', async () => {
    assert.equal(await request(port, 'GET / HTTP/1.0\r\n\r\n'), 'HTTP/1.0 404 Not Found\r\n\r\n');
    assert.equal(await request(port, 'POST /metrics HTTP/1.0\r\n\r\n'), 'HTTP/1.0 405 Method Not Allowed\r\n\r\n');
    assert.equal(await request(port, 'nonsense\r\n\r\n'), 'HTTP/1.0 400 Bad Request\r\n\r\n');
    assert.equal(await request(port, 'x'.repeat(5000)), 'HTTP/1.0 400 Bad Request\r\n\r\n');
  });

  it('says nothing to whom the policy does not name', async () => {
    const closed = new MetricsServer([], { address: loopback, port: 0, policy: [] });
    const answer = await request(await closed.listen(), 'GET /metrics HTTP/1.0\r\n\r\n').catch(() => '');
    assert.equal(answer, '');
    await closed.close();
  });
});
