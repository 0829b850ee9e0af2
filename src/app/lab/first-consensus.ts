import { availableParallelism, loadavg } from 'node:os';
import { TorError } from '../../base/errors/index.ts';
import type { Clock } from '../../base/runtime/index.ts';
import { consensusPath, describedRelays, fetchText, runningRelays } from './consensus.ts';
import { firstVoteLines, quietTime } from './first-vote.ts';
import type { LabNode } from './lab-node.ts';
import type { NodeHost } from './node-host.ts';
import type { Timing } from './node-torrc.ts';
import { waitFor } from './wait.ts';

export interface FirstConsensusDeps {
  readonly clock: Clock;
  readonly hosts: readonly NodeHost[];
  readonly timing: Timing;
  readonly progress: (text: string) => void;
  /** Writes a node's torrc anew, with more lines. */
  readonly configure: (node: LabNode, lines: readonly string[], timing: Timing) => Promise<void>;
  readonly start: (node: LabNode) => void;
  /** Throws when nobody waits for the network any more. */
  readonly check: () => void;
}

const isOurs = (node: LabNode): boolean => node.implementation === 'tropea';

/** A document of an authority's. */
const ask = ({ address, dirPort }: LabNode, path: string): Promise<string | undefined> =>
  fetchText(address, dirPort, path);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * From authorities and relays that are configured to a consensus that has them all. The authorities hold their first vote
 * when each of them has every descriptor: a relay that misses it would cost a whole voting interval.
 */
export class FirstConsensus {
  readonly #deps: FirstConsensusDeps;
  readonly #nodes: readonly LabNode[];
  readonly #authorities: readonly LabNode[];
  /** Those that the consensus will list. */
  readonly #listed: readonly string[];
  #quietTillMs = 0;

  constructor(deps: FirstConsensusDeps, nodes: readonly LabNode[]) {
    this.#deps = deps;
    this.#nodes = nodes;
    this.#authorities = nodes.filter((node) => node.kind === 'authority');
    this.#listed = nodes.filter((node) => node.kind !== 'bridge').map((node) => node.name);
  }

  /** Starts authorities and relays. */
  async start(): Promise<void> {
    const { clock, hosts, progress } = this.#deps;
    const { lines, votingIntervalS, quietS } = quietTime(clock.now());
    this.#quietTillMs = clock.now() + 1000 * quietS;
    await this.#setVoting(lines, { votingIntervalS });
    await Promise.all(hosts.map((host) => host.ready));
    progress('nodes are starting');
    await this.#startInOrder();
  }

  /** Tells the authorities when to vote, once they have all descriptors. */
  async callVote(): Promise<void> {
    const { clock, progress, timing } = this.#deps;
    const patienceMs = Math.min(this.#quietTillMs - clock.now() - 5000, 20_000 + 1000 * this.#nodes.length);
    const complete = await this.#unlessOneEnds(this.#uploaded(patienceMs));
    progress(complete ? 'the authorities vote' : 'the authorities vote, although descriptors are missing');
    const reactionS = await this.#reactionS();
    await this.#setVoting(firstVoteLines(reactionS, timing.votingIntervalS, clock.now()), timing);
    for (const node of this.#authorities) node.reload();
  }

  /** Resolves when more than half of the authorities have a consensus in which every relay runs. */
  async published(): Promise<void> {
    const count = this.#nodes.length;
    let missing: readonly string[] = this.#listed;
    const look = async (): Promise<true | undefined> => {
      this.#deps.check();
      const texts = await Promise.all(this.#authorities.map((node) => ask(node, consensusPath.ns)));
      const lacks = texts.map((text) => {
        const running = runningRelays(text ?? '');
        return this.#listed.filter((name) => !running.has(name));
      });
      missing = lacks.reduce((most, each) => (each.length > most.length ? each : most), []);
      return lacks.filter((each) => each.length === 0).length >= this.#most ? true : undefined;
    };
    await this.#unlessOneEnds(
      waitFor('a consensus with every relay', look, {
        timeoutMs: 75_000 + 1000 * count,
        intervalMs: 90 + 5 * count,
        onTimeout: () => `missing: ${missing.join(' ')}`,
      }),
    );
  }

  /** Resolves when all of them know the network. */
  async bootstrapped(): Promise<void> {
    const timeoutMs = 60_000 + 2000 * this.#nodes.length;
    await this.#unlessOneEnds(Promise.all(this.#nodes.map((node) => node.bootstrapped(timeoutMs))));
  }

  get #most(): number {
    return Math.floor(this.#authorities.length / 2) + 1;
  }

  /** Rejects when one of the nodes ends by itself: the network will not come up without it. */
  async #unlessOneEnds<T>(work: Promise<T>): Promise<T> {
    const end = this.#nodes.map(async (node): Promise<never> => {
      await node.process.exited;
      throw new TorError('LAB_FAILED', node.lastWords());
    });
    return await Promise.race([work, ...end]);
  }

  /** How long a node may take to hear of something: longer the slower this machine is now. */
  async #reactionS(): Promise<number> {
    const { hosts } = this.#deps;
    const speeds = await Promise.all(hosts.map((host) => host.ready));
    // Whoever hears of it late votes at once, and for a second that is not too late.
    if (this.#authorities.every(isOurs) && hosts.length > 0) return 0.3 * Math.max(...speeds);
    return 0.5 * Math.min(8, Math.max(1, (loadavg()[0] ?? 0) / availableParallelism()));
  }

  async #setVoting(lines: readonly string[], timing: Timing): Promise<void> {
    await Promise.all(this.#authorities.map((node) => this.#deps.configure(node, lines, timing)));
  }

  /** C tor uploads its descriptor once: an authority that does not listen by then learns of it much later. */
  async #startInOrder(): Promise<void> {
    const waves = [
      this.#nodes.filter(isOurs),
      this.#authorities.filter((node) => !isOurs(node)),
      this.#nodes.filter((node) => node.kind !== 'authority' && !isOurs(node)),
    ].filter((wave) => wave.length > 0);
    for (const [i, wave] of waves.entries()) {
      for (const node of wave) this.#deps.start(node);
      if (i < waves.length - 1) await this.#listening(this.#authorities.filter((node) => node.running));
    }
  }

  async #listening(authorities: readonly LabNode[]): Promise<void> {
    for (const node of authorities) {
      const look = async (): Promise<true | undefined> => {
        if (!node.running) throw new TorError('LAB_FAILED', node.lastWords());
        return (await ask(node, '/tor/keys/authority')) === undefined ? undefined : true;
      };
      await waitFor(`the directory port of ${node.name}`, look, { timeoutMs: 60_000, intervalMs: 50 });
    }
  }

  /** Whether all authorities got the descriptor of each relay within the time; most of them will do in the end. */
  async #uploaded(patienceMs: number): Promise<boolean> {
    const deadline = performance.now() + patienceMs;
    let counts: readonly number[] = [];
    while (performance.now() < deadline) {
      this.#deps.check();
      const texts = await Promise.all(this.#authorities.map((node) => ask(node, '/tor/server/all')));
      const known = texts.map((text) => describedRelays(text ?? ''));
      counts = this.#listed.map((name) => known.filter((each) => each.has(name)).length);
      if (counts.every((count) => count === this.#authorities.length)) return true;
      await pause(90 + 5 * this.#listed.length);
    }
    return counts.length > 0 && counts.every((count) => count >= this.#most);
  }
}
