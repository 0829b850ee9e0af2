import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Agent, createServer, get, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { request } from 'undici';
import type { SocketMaker } from '../../../../src/app/library/agents.ts';
import { torFetch } from '../../../../src/app/library/fetch.ts';
import { HttpConnections } from '../../../../src/app/library/http-connections.ts';

/** TCP in the place of Tor. */
const make = ((_host: string, port: number) => connect(port, '127.0.0.1')) as unknown as SocketMaker;

describe('HTTP connections of a context', () => {
  let url = '';
  let slow: ServerResponse | undefined;
  const server = createServer((asked, reply) => {
    if (asked.url === '/slow') {
      slow = reply;
      reply.write('begun ');
      return;
    }
    if (asked.url === '/moved') {
      reply.writeHead(307, { location: '/there' }).end();
      return;
    }
    const chunks: Uint8Array[] = [];
    asked.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    asked.on('end', () => {
      const length = asked.headers['content-length'] ?? 'streamed';
      reply.end(`${asked.socket.remotePort} ${asked.method} ${length} ${Buffer.concat(chunks)}`);
    });
  });
  const http = new HttpConnections(make);

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://site.test:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    await http.close();
    server.closeAllConnections();
    server.close();
  });

  const byAgent = (agent: Agent, path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      get(`${url}${path}`, { agent }, (reply) => {
        let text = '';
        reply.on('data', (chunk) => {
          text += chunk;
        });
        // The connection is given back after the end, in a turn of its own.
        reply.on('end', () => setImmediate(() => resolve(text)));
      }).on('error', reject);
    });

  const slowReply = async (): Promise<ServerResponse> => {
    while (slow === undefined) await new Promise((resolve) => setImmediate(resolve));
    const reply = slow;
    slow = undefined;
    return reply;
  };

  it('are not used by an agent after a new identity, and what is under way finishes', async () => {
    const agent = http.agent({});
    const first = await byAgent(agent, '/');
    assert.equal(await byAgent(agent, '/'), first);
    const long = byAgent(agent, '/slow');
    const reply = await slowReply();
    http.retire();
    reply.end('done');
    assert.equal(await long, 'begun done');
    const second = await byAgent(agent, '/');
    assert.notEqual(second, first);
    assert.equal(await byAgent(agent, '/'), second);
    http.retire();
    assert.notEqual(await byAgent(agent, '/'), second);
    agent.destroy();
  });

  it('are not used by a dispatcher after a new identity, which stays the same dispatcher', async () => {
    const dispatcher = http.dispatcher();
    const ask = async (path: string): Promise<string> => (await request(`${url}${path}`, { dispatcher })).body.text();
    const first = await ask('/');
    const long = ask('/slow');
    const reply = await slowReply();
    http.retire();
    reply.end('done');
    assert.equal(await long, 'begun done');
    assert.notEqual(await ask('/'), first);
    assert.equal(http.dispatcher(), dispatcher);
  });

  it('carry what a Request has: its body with its length, and once more after a redirect', async () => {
    const text = async (input: Request | string, init?: RequestInit): Promise<string> => {
      const reply = await torFetch(http.dispatcher(), input, init);
      return (await reply.text()).replace(/^\d+ /, '');
    };
    assert.equal(await text(new Request(url, { method: 'POST', body: 'hello' })), 'POST 5 hello');
    assert.equal(await text(new Request(`${url}/moved`, { method: 'POST', body: 'hello' })), 'POST 5 hello');
    assert.equal(await text(`${url}/moved`, { method: 'PUT', body: new Uint8Array([65, 66]) }), 'PUT 2 AB');
    const other = new Request(url, { method: 'POST', body: 'hello' });
    assert.equal(await text(other, { body: 'other' }), 'POST 5 other');
    await assert.rejects(text(new Request(url, { integrity: 'sha256-AAAA' })), TypeError);
    const read = new Request(url, { method: 'POST', body: 'hello' });
    await read.text();
    await assert.rejects(text(read), TypeError);
  });

  it('stream a Request whose body comes bit by bit', async () => {
    let push: ((text: string | undefined) => void) | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        push = (text) => (text === undefined ? controller.close() : controller.enqueue(Buffer.from(text)));
      },
    });
    push?.('one ');
    const reply = torFetch(
      http.dispatcher(),
      new Request(url, { method: 'POST', body, duplex: 'half' } as RequestInit),
    );
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    push?.('two');
    push?.(undefined);
    assert.match(await (await reply).text(), / POST streamed one two$/);
  });

  it('end with ABORTED when they are closed', async () => {
    const closing = new HttpConnections(make);
    const asked = torFetch(closing.dispatcher(), `${url}/slow`).then((reply) => reply.text());
    const told = assert.rejects(asked);
    await slowReply();
    await closing.close();
    await told;
  });
});
