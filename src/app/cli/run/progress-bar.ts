/** A step of the start. spec: control-spec 5.5 */
export interface Progress {
  readonly percent: number;
  readonly summary: string;
}

export interface BarTerminal {
  readonly write: (text: string) => void;
  readonly columns: number;
}

const barWidth = 24;

/** One line on a terminal that is written over as the start goes on, and goes away at its end. */
export class ProgressBar {
  readonly #terminal: BarTerminal;
  #shown = false;

  constructor(terminal: BarTerminal) {
    this.#terminal = terminal;
  }

  show({ percent, summary }: Progress): void {
    const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * barWidth);
    const bar = `${'█'.repeat(full)}${'░'.repeat(barWidth - full)}`;
    const text = `${bar} ${String(percent).padStart(3)}% ${summary}`.slice(0, Math.max(10, this.#terminal.columns - 1));
    this.#terminal.write(`\r\u001b[K${text}`);
    this.#shown = true;
    if (percent >= 100) this.end();
  }

  /** Leaves the line to others. */
  end(): void {
    if (this.#shown) this.#terminal.write('\n');
    this.#shown = false;
  }
}
