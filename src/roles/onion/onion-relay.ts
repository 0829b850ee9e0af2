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

  /** False: not a message of onion services. */
  message(circuit: RelayCircuit, command: number, body: Uint8Array): boolean {
    switch (command) {
      case RelayCommand.ESTABLISH_INTRO:
        this.introduction.establish(circuit, body);
        return true;
      case RelayCommand.INTRODUCE1:
        this.introduction.introduce(circuit, body);
        return true;
      case RelayCommand.ESTABLISH_RENDEZVOUS:
        this.rendezvous.establish(circuit, body);
        return true;
      case RelayCommand.RENDEZVOUS1:
        this.rendezvous.join(circuit, body);
        return true;
      default:
        return false;
    }
  }

  closed(circuit: RelayCircuit): void {
    this.introduction.closed(circuit);
    this.rendezvous.closed(circuit);
  }
}
