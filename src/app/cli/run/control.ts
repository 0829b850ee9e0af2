import type { Logger } from '../../../base/log/index.ts';
import { nodeRuntime } from '../../../base/runtime/index.ts';
import type { TrafficTotals } from '../../../views/control/index.ts';
import { type ControlledConfiguration, ControlServer } from '../../../views/control/index.ts';
import { type Configuration, directoryPaths } from '../../node/config/index.ts';
import type { TorNode } from '../../node/index.ts';
import { fullVersion } from '../version.ts';
import type { SignalActions } from './signals.ts';

export interface ControlInput {
  readonly node: TorNode;
  readonly configuration: Configuration;
  readonly actions: SignalActions;
  readonly log: Logger;
  readonly traffic: () => TrafficTotals;
  readonly heartbeat: () => void;
}

/** The control port of this program; `configure` opens it. */
export function makeControlServer({
  node,
  configuration,
  actions,
  log,
  traffic,
  heartbeat,
}: ControlInput): ControlServer {
  return new ControlServer(
    {
      parts: node.parts,
      configuration: controlled(configuration),
      log,
      runtime: nodeRuntime,
      traffic,
      actions: {
        reload: () => void actions.hangUp(),
        interrupt: () => actions.interrupt(),
        terminate: () => actions.terminate(),
        dumpStats: () => actions.dumpStats(),
        debug: () => actions.debug(),
        newIdentity: () => node.newIdentity(),
        heartbeat,
      },
    },
    { version: fullVersion(), dataDirectory: directoryPaths(configuration.options).data },
  );
}

function controlled(configuration: Configuration): ControlledConfiguration {
  return {
    get options() {
      return configuration.options;
    },
    get path() {
      return configuration.path;
    },
    get defaultsPath() {
      return configuration.defaultsPath;
    },
    get includeUsed() {
      return configuration.settings.includeUsed;
    },
    text: () => configuration.text(),
    assign: (lines, mode) => configuration.assign(lines, mode),
    loadText: (text) => configuration.loadText(text),
    save: (options) => configuration.save(options),
    onChanged: (listener) => configuration.events.on('changed', ({ names }) => listener(names)),
  };
}
