import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlClient } from './control-client.ts';
import type { LabNode } from './lab-node.ts';
import { waitFor } from './wait.ts';

const attemptMs = 40_000;
/** For so long every directory is waited for, then half of them will do. */
const patienceMs = 12_000;

export interface ServiceStart {
  /** How long its node may take to bootstrap. */
  readonly bootstrapMs?: number;
  readonly onEvent?: ((event: string) => void) | undefined;
}

/**
 * Starts an onion service's node and resolves when its descriptors, one for each of two time periods, are at all the
 * directories they go to: a client that asks too early remembers the failure.
 *
 * C tor lets an onion circuit come back to the relay it began at, which that relay refuses. With few relays it may hold to
 * guards from which it cannot publish at all: then it begins anew, with other ones.
 */
export async function startService(node: LabNode, options: ServiceStart = {}): Promise<void> {
  const again = node.implementation === 'tor' ? 2 : 0;
  for (let left = again; ; left--) {
    try {
      await startOnce(node, options);
      return;
    } catch (error) {
      if (left === 0) throw error;
    }
    await node.kill();
    await rm(join(node.folder, 'data', 'state'), { force: true });
  }
}

async function startOnce(node: LabNode, { bootstrapMs = 60_000, onEvent }: ServiceStart): Promise<void> {
  node.start();
  const control = await node.control();
  if (onEvent !== undefined) control.onEvent = onEvent;
  try {
    await control.command('SETEVENTS HS_DESC CIRC CIRC_MINOR');
    await node.bootstrapped(bootstrapMs);
    await published(node, control, attemptMs);
  } finally {
    control.close();
  }
}

async function published(node: LabNode, control: ControlClient, timeoutMs: number): Promise<void> {
  const startedMs = performance.now();
  const uploads = (action: string): string[] =>
    control.events.filter((event) => event.startsWith(`HS_DESC ${action} `)).map((event) => event.split(' ')[4] ?? '');
  await waitFor(
    `publishing of ${node.name}`,
    () => {
      const [begun, uploaded] = [uploads('UPLOAD'), uploads('UPLOADED').length];
      if (new Set(begun).size < 2) return undefined;
      if (uploaded + uploads('FAILED').length >= begun.length) return true;
      // Authorities of a lab believe that all relays run, dead ones too; C tor tries to reach such a directory for ever.
      const patient = performance.now() - startedMs < patienceMs;
      return !patient && uploaded * 2 >= begun.length ? true : undefined;
    },
    { timeoutMs, onTimeout: () => [...control.events, node.process.tail()].join('\n') },
  );
}
