import type { TorNode } from '../../node/index.ts';

const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

/** What SIGUSR1 writes to the log. */
export function statsLines(node: TorNode): string[] {
  const { heapUsed, rss } = process.memoryUsage();
  const { directory, services } = node.parts;
  const { percent, summary } = directory.status;
  const relays = directory.netdir?.relays.length ?? 0;
  return [
    `Up for ${Math.floor(process.uptime())} seconds; memory ${mib(rss)}, of it ${mib(heapUsed)} JavaScript objects.`,
    `Bootstrap: ${percent}% (${summary}); ${relays} relays known; ${services.count} onion services.`,
  ];
}
