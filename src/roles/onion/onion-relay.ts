import type { Clock } from '../../base/runtime/index.ts';
import type { RelayCircuit } from '../../protocol/circuit/index.ts';
import { RelayCommand } from '../../wire/relaymsg/index.ts';
import type { IntroDosDefaults } from './introduction/introduction-limit.ts';
import { IntroductionPoint } from './introduction/introduction-point.ts';
import { RendezvousPoint } from './rendezvous/rendezvous-point.ts';

/** What a relay does for onion services on circuits that end at it. */
export class OnionRelay {
  readonly introduction: IntroductionPoint;
  readonly rendezvous = new RendezvousPoint();

  constructor(deps: { readonly clock: Clock }, options: { readonly introDos: () => IntroDosDefaults }) {
    this.introduction = new IntroductionPoint(deps, { defaults: options.introDos });
  }

  /** What became of it, in MetricsPort's words; undefined: not a message of onion services. */
  message(circuit: RelayCircuit, command: number, body: Uint8Array): string | undefined {
    switch (command) {
      case RelayCommand.ESTABLISH_INTRO:
        return this.introduction.establish(circuit, body);
      case RelayCommand.INTRODUCE1:
        return this.introduction.introduce(circuit, body);
      case RelayCommand.ESTABLISH_RENDEZVOUS:
        return this.rendezvous.establish(circuit, body);
      case RelayCommand.RENDEZVOUS1:
        return this.rendezvous.join(circuit, body);
      default:
        return undefined;
    }
  }

  closed(circuit: RelayCircuit): void {
    this.introduction.closed(circuit);
    this.rendezvous.closed(circuit);
  }
}
