import type { LabStatus, NodeStatus } from '../../lab/index.ts';

function lineOf(node: NodeStatus): string {
  const ports = [
    node.orPort > 0 ? `or ${node.orPort}` : '',
    node.dirPort > 0 ? `dir ${node.dirPort}` : '',
    node.socksPort > 0 ? `socks ${node.socksPort}` : '',
    node.controlPort > 0 ? `control ${node.controlPort}` : '',
  ].filter((part) => part !== '');
  const state = !node.running ? 'down' : node.bootstrapped ? 'up' : 'starting';
  const pid = node.running ? String(node.pid) : '';
  return `${node.name.padEnd(14)} ${node.kind.padEnd(10)} ${node.implementation.padEnd(7)} ${state.padEnd(9)} ${pid.padEnd(8)} ${ports.join(', ')}`;
}

function onionLines({ onions, clientAuth }: LabStatus, name: string, proxy: string | undefined): readonly string[] {
  const [address, keys] = [onions[name], clientAuth[name]];
  if (address === undefined) return [];
  if (keys !== undefined) {
    return [
      `Onion service ${name}, for who has the keys of it:`,
      `  ClientOnionAuthDir ${keys}`,
      `  http://${address}/`,
    ];
  }
  return [`Onion service ${name}:`, proxy === undefined ? `  http://${address}/` : `  ${proxy} http://${address}/`];
}

/** One line for each node, then what a user can paste. */
export function statusText(status: LabStatus): string {
  const client = status.nodes.find((node) => node.socksPort > 0 && node.running);
  const proxy = client === undefined ? undefined : `curl --socks5-hostname 127.0.0.1:${client.socksPort}`;
  return [
    `Lab ${status.name} in ${status.folder}`,
    ...status.nodes.map(lineOf),
    '',
    ...(proxy === undefined ? [] : ['Through an exit:', `  ${proxy} http://web.test:${status.httpPort}/`]),
    ...status.nodes.flatMap(({ name }) => onionLines(status, name, proxy)),
    '',
  ].join('\n');
}
