import { type Program, programs, Stage, type StageOptions } from './stage.ts';

/** Relays of all programs side by side, or everything of one program. */
export type StageName = 'mixed' | Program;

const optionsOf = (name: StageName): StageOptions =>
  name === 'mixed' ? { authorities: 'tor', relays: programs } : { authorities: name, relays: [name] };

/** One network at a time. */
export class Stages {
  #current: { readonly name: StageName; readonly stage: Stage } | undefined;

  /** The network of this name: the one that runs, or a new one. */
  async use(name: StageName): Promise<Stage> {
    return this.#current?.name === name ? this.#current.stage : (await this.fresh(name)).stage;
  }

  /** A new one, and how long it took to start. */
  async fresh(name: StageName): Promise<{ readonly stage: Stage; readonly seconds: number }> {
    await this.stop();
    const started = performance.now();
    const stage = await Stage.start(optionsOf(name));
    this.#current = { name, stage };
    return { stage, seconds: (performance.now() - started) / 1000 };
  }

  async endClients(): Promise<void> {
    await this.#current?.stage.endClients();
  }

  async stop(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.stage.stop();
  }
}
