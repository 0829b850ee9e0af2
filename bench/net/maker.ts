import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeRuntime } from '../../src/base/runtime/index.ts';
import { circuitParams } from '../../src/network/circuits/index.ts';
import { defaultParams, type NetDir, type Relay } from '../../src/network/netdir/index.ts';
import { type HopTarget, OriginCircuit } from '../../src/protocol/circuit/index.ts';
import { type HandWired, handWired } from '../../test/interop/support/hand-wired.ts';
import type { Stage } from './stage.ts';

const params = circuitParams(defaultParams);

/** Makes circuits in this process, by the thousand, along paths that are given. */
export class Maker {
  readonly client: HandWired;

  private constructor(client: HandWired) {
    this.client = client;
  }

  static async start(stage: Stage): Promise<Maker> {
    const client = await handWired(stage.net, await mkdtemp(join(stage.net.folder, 'maker-')));
    try {
      client.circuits.start();
      await client.directory.start();
      await client.directory.whenReady(AbortSignal.timeout(60_000));
      return new Maker(client);
    } catch (error) {
      await client.stop();
      throw error;
    }
  }

  get netdir(): NetDir {
    const { netdir } = this.client.directory;
    if (netdir === undefined) throw new Error('no directory');
    return netdir;
  }

  relay(name: string): Relay {
    const relay = this.netdir.byNameOrId(name);
    if (relay === undefined) throw new Error(`${name} is not in the consensus`);
    return relay;
  }

  /** A circuit that begins at a relay of the network. Links are made when they are needed and used again. */
  async circuit(first: Relay, further: readonly HopTarget[] = []): Promise<OriginCircuit> {
    const hop = first.hopTarget();
    const identity = { rsa: hop.rsa, ...(hop.ed25519 === undefined ? {} : { ed25519: hop.ed25519 }) };
    const channel = await this.client.channels.get({ identity, addresses: first.addresses });
    const circuit = new OriginCircuit({ ...nodeRuntime, channel }, { params });
    try {
      // As C tor makes the first hop of a circuit, and any but the last: ntor, or ntor-v3 without requests.
      await circuit.create(hop);
      for (const next of further) await circuit.extend(next);
      return circuit;
    } catch (error) {
      circuit.close();
      const path = [hop, ...further].map(({ rsa }) => this.netdir.byRsaId(rsa)?.nickname ?? 'a stranger').join(', ');
      throw new Error(`a circuit of ${path}: ${String(error)}`);
    }
  }

  stop(): Promise<void> {
    return this.client.stop();
  }
}

/** Does a work so many times, some at once. Rejects with the first failure. */
export async function times(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
}
