import type { RelayCircuit } from '../../protocol/circuit/index.ts';
import type { IncomingStream, StreamBegin, StreamHandler } from '../../protocol/stream/index.ts';
import type { ResolvedAnswer } from '../../wire/relaymsg/index.ts';

/** What circuits that end at this relay can ask for. The composition root brings the roles; what is absent is refused. */
export interface RelayServices {
  readonly exit?: {
    begin(
      circuit: RelayCircuit,
      begin: StreamBegin & { kind: 'begin' },
      stream: IncomingStream,
    ): StreamHandler | number;
    resolve(
      circuit: RelayCircuit,
      name: string,
      answer: (answers: readonly ResolvedAnswer[]) => void,
    ): (() => void) | undefined;
  };
  /** The directory at BEGIN_DIR. */
  readonly directory?: { accept(circuit: RelayCircuit, stream: IncomingStream): StreamHandler | number };
  /** Introduction and rendezvous: messages with stream id 0. What became of it; undefined: not a message of theirs. */
  readonly onion?: {
    message(circuit: RelayCircuit, command: number, body: Uint8Array): string | undefined;
    closed(circuit: RelayCircuit): void;
  };
}
