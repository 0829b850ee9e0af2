import { setScrubbing } from '../../../base/log/index.ts';
import { nodeRuntime } from '../../../base/runtime/index.ts';
import type { Configuration } from '../../node/config/index.ts';
import { checkConfig, checkSupport, TorNode } from '../../node/index.ts';
import type { ConfiguredRun } from '../configured-run.ts';
import type { ExitCode } from '../program.ts';
import { makeControlServer } from './control.ts';
import { Heartbeat } from './heartbeat.ts';
import { LogControl } from './log-control.ts';
import { MetricsPort } from './metrics.ts';
import { SignalActions } from './signals.ts';
import { statsLines } from './stats.ts';
import { countTraffic } from './traffic.ts';

export interface Session {
  readonly node: TorNode;
  readonly actions: SignalActions;
  /** Stops the node, then what watches and steers it. Never rejects. */
  readonly stop: () => Promise<void>;
}

export interface SessionInput {
  readonly run: ConfiguredRun;
  readonly configuration: Configuration;
  readonly logs: LogControl;
  /** A signal or a controller asks for the end. */
  readonly end: (code: ExitCode) => void;
}

/** `Log` lines and SafeLogging take effect. Throws TORRC_VALUE, STORAGE_FAILED. */
export function startLogging(run: ConfiguredRun, { options }: Configuration): LogControl {
  const logs = new LogControl(run);
  logs.configure(options);
  setScrubbing(options.get('SafeLogging') !== '0');
  return logs;
}

/**
 * A node that is not started yet, with what watches and steers it: control port, metrics, heartbeat, reload. There may
 * be several in a process. Rejects with what `TorNode.create` and opening these ports can bring.
 */
export async function openSession({ run, configuration, logs, end }: SessionInput): Promise<Session> {
  const { log } = run;
  const { options } = configuration;
  const node = await TorNode.create({ runtime: nodeRuntime, log }, configuration.settings);
  const actions = new SignalActions({
    configuration,
    log,
    logs,
    timers: nodeRuntime.timers,
    stats: () => statsLines(node),
    done: (name) => control.noteSignal(name),
    refresh: () => node.retry(),
    drain: () => void node.parts.relay?.drain(),
    hibernating: () => node.parts.relay?.relay.accounting?.hibernating === true,
    end,
  });
  const traffic = countTraffic(node.parts.channels);
  const heartbeat = new Heartbeat({ ...nodeRuntime, node, log, traffic });
  const control = makeControlServer({ node, configuration, actions, log, traffic, heartbeat: () => heartbeat.beat() });
  const metrics = new MetricsPort(node, log);
  const stop = async (): Promise<void> => {
    control.stopListening();
    heartbeat.stop();
    await node.stop();
    void metrics.close();
    void control.close();
  };
  configuration.onChange(async (next, old) => {
    await checkConfig(next, log);
    checkSupport(next);
    logs.configure(next.options, old.options);
    setScrubbing(next.options.get('SafeLogging') !== '0');
    await control.configure(next.ports);
    await metrics.configure(next.ports, next.options);
    heartbeat.configure(next.options.get('HeartbeatPeriod') * 1000);
    await node.reload(next);
  });
  try {
    heartbeat.configure(options.get('HeartbeatPeriod') * 1000);
    await control.configure(configuration.settings.ports);
    await metrics.configure(configuration.settings.ports, options);
    return { node, actions, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
