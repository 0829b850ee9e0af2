import { TorError } from '../../src/base/errors/index.ts';
import type { Stream, StreamEnd, StreamHandler } from '../../src/protocol/stream/index.ts';
import { CellCommand } from '../../src/wire/cell/index.ts';
import { BeginFlag, encodeEnd, encodeXon, RelayCommand } from '../../src/wire/relaymsg/index.ts';
import { anyTarget, type HopKind, RawRelay } from '../support/raw-ends.ts';

export const name = 'circuit-origin';

const kinds: readonly HopKind[] = ['windows', 'congestion', 'cgo'];

/** Checks what every owner of a stream may rely on. */
class CheckedHandler implements StreamHandler {
  ended_ = 0;
  bytes = 0;
  stream: Stream | undefined;
  readonly #react: (handler: CheckedHandler) => void;

  constructor(react: (handler: CheckedHandler) => void) {
    this.#react = react;
  }
  connected(): void {
    this.#alive('connected');
    this.#react(this);
  }
  data(bytes: Uint8Array): void {
    this.#alive('data');
    if (bytes.length === 0) throw new Error('empty data');
    this.bytes += bytes.length;
    this.#react(this);
  }
  dataEnd(): void {
    this.#alive('dataEnd');
  }
  writable(): void {
    this.#alive('writable');
    this.#react(this);
  }
  ended(_end: StreamEnd): void {
    this.#alive('ended');
    this.ended_++;
  }
  #alive(what: string): void {
    if (this.ended_ > 0) throw new Error(`${what} after ended`);
  }
}

/**
 * First byte: the kind of hop. Then operations of a hostile relay and of the circuit's owner, each a byte with its
 * arguments. What the owner does within a handler's call comes from the same bytes.
 */
export function fuzz(data: Uint8Array): void {
  let at = 0;
  const next = (): number => data[at++] ?? 0;
  const kind = kinds[next() % kinds.length] as HopKind;
  const relay = RawRelay.buildNow(kind);
  const { circuit, world } = relay;
  let closedEvents = 0;
  circuit.events.on('closed', () => closedEvents++);
  circuit.events.onListenerError = (error) => {
    throw error;
  };
  const handlers: CheckedHandler[] = [];
  const big = new Uint8Array(2000);

  const owned = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      if (!TorError.is(error) || error.kind === 'bug') throw error;
    }
  };
  const react = (handler: CheckedHandler): void => {
    const { stream } = handler;
    switch (next() % 8) {
      case 0:
        stream?.end();
        break;
      case 1:
        stream?.write(big);
        break;
      case 2:
        stream?.pauseReading();
        break;
      case 3:
        if ((next() & 15) === 0) circuit.close();
        break;
      default:
    }
  };
  const open = (): void => {
    const handler = new CheckedHandler(react);
    handlers.push(handler);
    const begin =
      (next() & 1) === 0
        ? ({ kind: 'begin-dir' } as const)
        : ({ kind: 'begin', address: 'x.example', port: 80, flags: BeginFlag.IPV6_OK } as const);
    handler.stream = circuit.openStream(handler, begin);
  };
  const someHandler = (): CheckedHandler | undefined => handlers[next() % Math.max(1, handlers.length)];
  const someId = (): number => {
    const choice = next();
    if (choice === 0) return 0;
    if (choice === 1) return next() * 256 + next();
    return handlers[choice % Math.max(1, handlers.length)]?.stream?.id ?? 0;
  };
  const body = (): Uint8Array => {
    const length = Math.min(next() * 2, 488);
    return Uint8Array.from({ length }, () => next());
  };

  const anything = () => {
    relay.send(next() % 48, someId(), body());
  };
  const operations: readonly (() => void)[] = [
    () => {
      owned(open);
    },
    () => {
      someHandler()?.stream?.write(big.subarray(0, next() * 8));
    },
    () => {
      someHandler()?.stream?.end();
    },
    () => {
      someHandler()?.stream?.pauseReading();
    },
    () => {
      someHandler()?.stream?.resumeReading();
    },
    () => {
      someHandler()?.stream?.reportBacklog(next() * 4096);
    },
    () => {
      circuit.resolve('x.example').catch(() => undefined);
    },
    () => {
      owned(() => void circuit.extend(anyTarget(world)).catch(() => undefined));
    },
    () => {
      world.at(world.nowMs + next() * 100, () => undefined);
      world.runSync();
    },
    () => {
      world.runSync();
    },
    () => {
      relay.sendCell(
        next(),
        Uint8Array.from({ length: 509 }, (_, i) => (i < 16 ? next() : i)),
      );
    },
    () => {
      const cell = relay.cell(next(), someId(), body());
      cell[next() * 2] = next();
      relay.sendPlain(cell);
    },
    () => {
      for (let i = next(); i > 0; i--)
        relay.send(RelayCommand.DATA, handlers.at(-1)?.stream?.id ?? 1, big.subarray(0, 400));
    },
    () => {
      relay.send(
        RelayCommand.CONNECTED,
        someId(),
        (next() & 1) === 0 ? new Uint8Array(0) : Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 9),
      );
    },
    () => {
      relay.send(RelayCommand.END, someId(), encodeEnd({ reason: next() }));
    },
    () => {
      relay.send((next() & 1) === 0 ? RelayCommand.XON : RelayCommand.XOFF, someId(), encodeXon(next() * next()));
    },
    () => {
      circuit.runEnd();
    },
    () => {
      if ((next() & 7) === 0) owned(() => void circuit.truncate(circuit.hops[0] as never).catch(() => undefined));
    },
    () => {
      if ((next() & 31) === 0) circuit.close();
    },
    anything,
    anything,
    anything,
    anything,
  ];
  while (at < data.length && at < 4000) {
    operations[next() % operations.length]?.();
  }
  circuit.runEnd();
  world.runSync();
  if (circuit.state !== 'closed') {
    if (closedEvents !== 0) throw new Error('closed was told of an open circuit');
    relay.sendCell(CellCommand.DESTROY, Uint8Array.of(next()));
  }
  world.runSync();
  if (circuit.state !== 'closed' || closedEvents !== 1) throw new Error(`closed ${closedEvents} times`);
  if (circuit.openStreams !== 0) throw new Error('streams outlive the circuit');
  for (const { stream, ended_ } of handlers) {
    const live = stream?.state === 'open' || stream?.state === 'connecting';
    if (live) throw new Error('a stream outlives the circuit');
    if (stream?.state === 'closed' && ended_ !== 1) throw new Error('a closed stream whose owner was not told');
  }
}

export const seeds = (): Uint8Array[] => [
  Uint8Array.of(0, 0, 0, 9, 13, 2, 0, 12, 50, 1, 2, 100, 2, 2, 12, 10, 14, 2, 6),
  Uint8Array.of(1, 0, 1, 9, 13, 2, 1, 1, 2, 255, 15, 1, 2, 0, 0, 15, 0, 2, 9, 9, 3, 2, 12, 255, 8, 1, 12, 255, 4, 2),
  Uint8Array.of(2, 0, 1, 9, 13, 2, 1, 12, 100, 8, 3, 2, 2, 12, 5, 14, 2, 1, 6, 11, 12, 2, 20, 1, 2, 3),
  Uint8Array.of(0, 7, 9, 19, 15, 0, 30, 0, 64, 1, 2, 3),
  Uint8Array.of(1, 0, 0, 2, 2, 13, 2, 0, 12, 9, 14, 2, 6, 14, 2, 6),
  Uint8Array.of(1, 6, 9, 19, 12, 1, 0, 1, 10, 4, 4, 1, 2, 3, 4, 0, 0, 0, 60),
];
