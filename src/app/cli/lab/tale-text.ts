import type { TaleStep } from '../../lab/index.ts';

const arrow = ' → ';
const indent = '       ';

export interface StepText {
  readonly title: string;
  readonly lines: readonly string[];
}

/** A step in words, as the guides to onion services tell it. */
export function textOf(step: TaleStep): StepText {
  switch (step.step) {
    case 'introduction-points':
      return {
        title: 'The service chose introduction points and keeps a circuit to each',
        lines: [step.relays.join(', ')],
      };
    case 'uploaded':
      return {
        title: 'It signed descriptors that name them, and gave them to the directories the hash ring points at',
        lines: step.descriptors.map((relays, i) => `time period ${i + 1} of 2: ${relays.join(', ')}`),
      };
    case 'fetched':
      return {
        title: `The client, who knows the address alone, got the descriptor from ${step.hsDir}`,
        lines: [['client', ...step.path].join(arrow)],
      };
    case 'rendezvous':
      return {
        title: `It chose a rendezvous point, ${step.relay}, and left a one-time secret there`,
        lines: [['client', ...step.path].join(arrow)],
      };
    case 'introduced':
      return {
        title: `It asked introduction point ${step.relay} to tell the service, sealed for the service alone`,
        lines: [['client', ...step.path].join(arrow)],
      };
    case 'joined':
      return {
        title: `The service opened the letter and went to ${step.relay}, which joined the two circuits`,
        lines: [['service', ...step.path].join(arrow)],
      };
    case 'connected':
      return {
        title: `${countWord(step.relays.length)} hops carry the connection, and no relay is next to both ends`,
        lines: [['client', ...step.relays, 'service'].join(arrow)],
      };
  }
}

const countWord = (count: number): string => (count === 6 ? 'Six' : String(count));

export const stepText = (number: number, step: TaleStep): string => {
  const { title, lines } = textOf(step);
  return `  ${number}. ${title}\n${lines.map((line) => `${indent}${line}\n`).join('')}`;
};
