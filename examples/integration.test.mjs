// A test of one's own service through a private Tor network: node --test integration.test.mjs
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { TestNetwork } from 'tropea/testing';

// Under test: a page that knows nothing of Tor, and must not tell who asked.
const server = createServer((request, response) => response.end(`Hello ${request.socket.remoteAddress ?? 'stranger'}`));

let network;
let tor;
before(async () => {
  const { LAB } = process.env;
  network = LAB === undefined ? await TestNetwork.start() : await TestNetwork.attach(LAB);
  tor = await network.tor();
});
after(() => network.stop());

test('as an onion service', async (t) => {
  const service = await tor.publish({ port: 80, to: server });
  t.after(() => service.close());
  const page = await tor.isolated().fetch(service.url);
  assert.equal(await page.text(), 'Hello stranger');
});

test('through an exit', async (t) => {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  // Behind the exits of a private network every name that ends in .test is this machine.
  const page = await tor.fetch(`http://shop.test:${server.address().port}/`);
  assert.equal(page.status, 200);
});
