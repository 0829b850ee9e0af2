import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { base16, concatBytes } from '../../../../src/base/bytes/index.ts';
import type { LinkCredentialSet } from '../../../../src/network/channels/index.ts';
import { type ChannelParams, defaultChannelParams } from '../../../../src/protocol/channel/index.ts';
import { CellCommand, encodePaddingNegotiate, PaddingCommand } from '../../../../src/wire/cell/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { cell, makeCredentials, openPair, Recorder, startMs, turns } from './harness.ts';

describe('netflow padding', () => {
  let relay: LinkCredentialSet;
  let other: LinkCredentialSet;
  before(async () => {
    relay = await makeCredentials(1);
    other = await makeCredentials(2);
  });

  interface Setting {
    readonly params?: Partial<ChannelParams>;
    readonly versions?: number[];
    readonly seed?: number;
    readonly relayCalls?: boolean;
  }

  async function opened(setting: Setting = {}) {
    const runtime = new FakeRuntime(startMs, setting.seed ?? 1);
    const params = { ...defaultChannelParams, ...setting.params };
    const { initiator, responder } = await openPair(runtime, relay, {
      initiator: {
        params,
        ...(setting.versions && { versions: setting.versions }),
        ...(setting.relayCalls && { credentials: other }),
      },
      responder: { onCreate: (channel, circId) => channel.acceptCircuit(circId, new Recorder()), params },
    });
    const { channel } = initiator;
    const id = channel.openCircuit(new Recorder());
    channel.send(id, CellCommand.CREATE_FAST, new Uint8Array(20));
    await turns();
    const build = async (): Promise<void> => {
      channel.send(id, CellCommand.RELAY_EARLY, new Uint8Array(9));
      await turns();
    };
    return { runtime, channel, responder: responder.channel, id, build, written: initiator.transport.written };
  }

  it('stays silent on a channel that only carried one-hop circuits', async () => {
    const { runtime, channel, responder } = await opened();
    await runtime.advance(60_000);
    assert.equal(channel.counters.paddingOut + responder.counters.paddingOut, 0);
  });

  it('pads silences from both ends once a longer circuit was built', async () => {
    const { runtime, channel, responder, build } = await opened();
    await build();
    await runtime.advance(120_000);
    const sent = channel.counters.paddingOut;
    assert.ok(sent > 5 && sent < 80, `${sent}`);
    assert.equal(responder.counters.paddingIn, sent);
    assert.equal(channel.counters.paddingIn, responder.counters.paddingOut);
    assert.ok(responder.counters.paddingOut > 5);
  });

  it('ends a silence after 1.5 to 9.5 seconds, never sooner or later', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { runtime, channel, responder, build } = await opened({ seed });
      await build();
      responder.noteUsage('none');
      let last = runtime.clock.monotonic();
      for (let i = 0; i < 400; i++) {
        const seen = channel.counters.paddingOut + responder.counters.paddingOut;
        await runtime.advance(50);
        if (channel.counters.paddingOut + responder.counters.paddingOut === seen) continue;
        const silence = channel.lastTransferMs - last;
        assert.ok(silence >= 1500 && silence <= 9600, `${silence}`);
        last = channel.lastTransferMs;
      }
    }
  });

  it('does not pad while there is traffic', async () => {
    const { runtime, channel, id, build } = await opened();
    await build();
    for (let i = 0; i < 60; i++) {
      channel.send(id, CellCommand.RELAY, new Uint8Array(9));
      await runtime.advance(1000);
    }
    assert.equal(channel.counters.paddingOut, 0);
  });

  it('waits for traffic when the network says so', async () => {
    const { runtime, channel, id, build } = await opened({ params: { padBeforeUsage: false } });
    await build();
    await runtime.advance(30_000);
    assert.equal(channel.counters.paddingOut, 0);
    channel.send(id, CellCommand.RELAY, new Uint8Array(9));
    await runtime.advance(60_000);
    assert.ok(channel.counters.paddingOut > 0);
  });

  it('is off with both bounds 0, between relays, on link 4, and without ConnectionPadding', async () => {
    const settings: Setting[] = [
      { params: { paddingLowMs: 0, paddingHighMs: 0 } },
      { relayCalls: true },
      { versions: [4] },
      { params: { connectionPadding: false } },
    ];
    for (const setting of settings) {
      const { runtime, channel, build } = await opened(setting);
      await build();
      await runtime.advance(60_000);
      assert.equal(channel.counters.paddingOut, 0, JSON.stringify(setting));
    }
  });

  it('is on between relays when nf_pad_relays says so, and on link 4 when forced', async () => {
    for (const setting of [
      { relayCalls: true, params: { padRelays: true } },
      { versions: [4], params: { connectionPadding: true as const } },
    ]) {
      const { runtime, channel, build } = await opened(setting);
      await build();
      await runtime.advance(60_000);
      assert.ok(channel.counters.paddingOut > 0, JSON.stringify(setting));
    }
  });

  it('tells the peer to stop when it shall not pad, or pads less itself', async () => {
    for (const params of [{ connectionPadding: false as const }, { reducedPadding: true }]) {
      const { runtime, channel, responder, build, written } = await opened({ params });
      const stop = encodePaddingNegotiate({ command: PaddingCommand.STOP, timeoutLowMs: 0, timeoutHighMs: 0 });
      const negotiate = cell(0, CellCommand.PADDING_NEGOTIATE, stop);
      assert.ok(base16(concatBytes(...written)).includes(base16(negotiate)));
      await build();
      responder.noteUsage('traffic');
      await runtime.advance(120_000);
      assert.equal(responder.counters.paddingOut, 0);
      assert.equal(channel.counters.paddingOut > 0, 'reducedPadding' in params);
      assert.ok(channel.counters.paddingOut <= 120_000 / 9000);
    }
  });

  it('a client does not let a relay steer its padding', async () => {
    const { runtime, channel, build } = await opened();
    await build();
    const stop = encodePaddingNegotiate({ command: PaddingCommand.STOP, timeoutLowMs: 0, timeoutHighMs: 0 });
    channel.receive(cell(0, CellCommand.PADDING_NEGOTIATE, stop));
    await runtime.advance(60_000);
    assert.ok(channel.counters.paddingOut > 0);
  });

  it('a relay keeps to what a client asks, but never pads more than the network wants', async () => {
    const { runtime, responder, build } = await opened();
    await build();
    const ask = (timeoutLowMs: number, timeoutHighMs: number): void => {
      const body = encodePaddingNegotiate({ command: PaddingCommand.START, timeoutLowMs, timeoutHighMs });
      responder.receive(cell(0, CellCommand.PADDING_NEGOTIATE, body));
    };
    ask(1, 2);
    const before = responder.counters.paddingOut;
    await runtime.advance(60_000);
    assert.ok(responder.counters.paddingOut - before <= 60_000 / 1500);
    ask(60_000, 60_000);
    const later = responder.counters.paddingOut;
    await runtime.advance(59_000);
    assert.equal(responder.counters.paddingOut, later);
  });

  it('ends with the channel', async () => {
    const { runtime, channel, build } = await opened();
    await build();
    channel.close();
    await runtime.advance(60_000);
    assert.equal(channel.counters.paddingOut, 0);
  });
});
