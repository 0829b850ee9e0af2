import { formatIp } from '../../../base/ip/index.ts';
import { okReply, parseArguments, splitWords } from '../../../wire/control/index.ts';
import type { CommandHandler } from '../context.ts';
import { refuse } from '../failure.ts';

/** `.` asks for a virtual address of the kind that stands there. spec: control-spec 3.15 */
const wildcards: Readonly<Record<string, 'ipv4' | 'ipv6' | 'hostname'>> = {
  '0.0.0.0': 'ipv4',
  '::': 'ipv6',
  '.': 'hostname',
};

export const mapAddress: CommandHandler = ({ rest }, { deps }) => {
  const { addressMap } = deps.parts.client;
  const results: { code: number; text: string }[] = [];
  for (const { key: from, value: to } of parseArguments(rest)) {
    if (from === undefined) {
      results.push({ code: 512, text: `syntax error: mapping '${to}' is not of expected form 'foo=bar'.` });
      continue;
    }
    const kind = Object.hasOwn(wildcards, from) ? wildcards[from] : undefined;
    if (kind !== undefined) {
      const address = addressMap.virtualAddress(to, kind, 'controller');
      results.push(
        address === undefined
          ? { code: 451, text: `resource exhausted: skipping '${from}=${to}'` }
          : { code: 250, text: `${address}=${to}` },
      );
      continue;
    }
    const problem = addressMap.map(from, to, 'controller');
    results.push(
      problem === undefined
        ? { code: 250, text: `${from}=${to}` }
        : { code: 512, text: `syntax error: invalid address mapping '${from}=${to}': ${problem}` },
    );
  }
  if (results.length === 0) refuse(512, 'syntax error: not enough arguments to mapaddress.');
  return results.map(({ code, text }, i) => `${code}${i === results.length - 1 ? ' ' : '-'}${text}\r\n`).join('');
};

/** The answer comes as an ADDRMAP event. */
export const resolve: CommandHandler = ({ rest }, { deps, hub }) => {
  const words = splitWords(rest);
  const reverse = words.some((word) => word.toLowerCase() === 'mode=reverse');
  for (const name of words.filter((word) => !word.includes('='))) {
    deps.parts.circuits.resolve({ name, reverse }).then(
      (answers) => {
        const [answer] = answers;
        if (answer === undefined || answer.kind === 'error')
          hub.send('ADDRMAP', `${name} <error> NEVER error=yes CACHED="NO"`);
        else if (answer.kind === 'hostname')
          hub.send('ADDRMAP', `REVERSE[${name}] ${answer.hostname} NEVER CACHED="NO"`);
        else
          deps.parts.client.addressMap.events.emit('mapped', {
            from: name,
            to: formatIp(answer.address),
            expiresMs: deps.runtime.clock.now() + answer.ttlSec * 1000,
          });
      },
      () => hub.send('ADDRMAP', `${name} <error> NEVER error=yes CACHED="NO"`),
    );
  }
  return okReply;
};
