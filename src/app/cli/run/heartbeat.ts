import type { Logger } from '../../../base/log/index.ts';
import type { Clock, Timer, Timers } from '../../../base/runtime/index.ts';
import type { TrafficTotals } from '../../../views/control/index.ts';
import type { TorNode } from '../../node/index.ts';

export interface HeartbeatDeps {
  readonly node: TorNode;
  readonly log: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly traffic: () => TrafficTotals;
}

/** HeartbeatPeriod: now and then a few lines that say we are alive. C tor status.c */
export class Heartbeat {
  readonly #deps: HeartbeatDeps;
  readonly #startedMs: number;
  readonly #links = { in4: 0, in6: 0, out4: 0, out6: 0 };
  #timer: Timer | undefined;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
    this.#startedMs = deps.clock.monotonic();
    deps.node.parts.channels.events.on('opened', ({ role, peerAddress }) => {
      const key = `${role === 'responder' ? 'in' : 'out'}${peerAddress?.length === 16 ? 6 : 4}` as const;
      this.#links[key]++;
    });
  }

  /** 0 ends it. */
  configure(periodMs: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (periodMs <= 0) return;
    this.#timer = this.#deps.timers.after(
      periodMs,
      () => {
        this.beat();
        this.configure(periodMs);
      },
      { background: true },
    );
  }

  beat(): void {
    for (const line of this.lines()) this.#deps.log.notice('heartbeat', `Heartbeat: ${line}`);
  }

  lines(): string[] {
    const { node, clock, traffic } = this.#deps;
    const { circuits, relay } = node.parts;
    const uptime = formatUptime(clock.monotonic() - this.#startedMs);
    const { read, written } = traffic();
    const open = circuits.list().length + (relay?.relay.circuits?.circuits.size ?? 0);
    const { in4, in6, out4, out6 } = this.#links;
    return [
      `Tor's uptime is ${uptime}, with ${open} circuits open. I've sent ${formatUsage(written)} and received ` +
        `${formatUsage(read)}. I've received ${in4} connections on IPv4 and ${in6} on IPv6. I've made ${out4} ` +
        `connections with IPv4 and ${out6} with IPv6.`,
      ...(relay?.relay.heartbeat() ?? []),
    ];
  }

  stop(): void {
    this.configure(0);
  }
}

function formatUptime(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const days = Math.floor(minutes / 1440);
  const clock = `${Math.floor((minutes % 1440) / 60)}:${String(minutes % 60).padStart(2, '0')} hours`;
  return days === 0 ? clock : `${days} day${days === 1 ? '' : 's'} ${clock}`;
}

function formatUsage(bytes: number): string {
  if (bytes < 2 ** 20) return `${Math.floor(bytes / 1024)} kB`;
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(2)} MB` : `${(bytes / 2 ** 30).toFixed(2)} GB`;
}
