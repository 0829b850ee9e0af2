import type { LogRecord, Severity } from '../../../base/log/index.ts';
import { severities } from '../../../base/log/index.ts';
import type { BuildTimeEvent } from '../../../network/circuits/index.ts';
import type { GuardEvent } from '../../../network/guard/index.ts';
import { dataBlock } from '../../../wire/control/index.ts';
import { quoteIfNeeded } from '../../../wire/torrc/index.ts';
import { bootstrapText } from '../format/bootstrap.ts';
import { circuitLine, purposeName } from '../format/circuit.ts';
import { channelName, failureReason, targetName } from '../format/orconn.ts';
import { routerStatusEntry } from '../format/router-status.ts';
import { streamEvent } from '../format/stream.ts';
import { isoTime, isoTimeLocal } from '../format/time.ts';
import type { StreamTable } from '../stream-table.ts';
import type { ControlDeps } from '../types.ts';
import type { EventHub, EventName } from './hub.ts';
import { onionEvents } from './onions.ts';

type Off = () => void;

/** Turns what happens in the node's rooms into events of controllers. Gives the function that ends it. */
export function connectEvents(deps: ControlDeps, hub: EventHub, streams: StreamTable): Off {
  const offs = [
    ...circuitEvents(deps, hub),
    ...linkEvents(deps, hub),
    ...clientEvents(deps, hub),
    ...directoryEvents(deps, hub),
    ...guardEvents(deps, hub),
    ...onionEvents(deps, hub),
    configurationEvents(deps, hub),
    logEvents(deps, hub),
  ];
  streams.onStep = (info) => {
    if (hub.wants('STREAM')) hub.send('STREAM', streamEvent(info));
  };
  return () => {
    for (const off of offs) off();
  };
}

function circuitEvents({ parts }: ControlDeps, hub: EventHub): Off[] {
  const { events } = parts.circuits;
  return [
    events.on('circuit', ({ info, reason, remoteReason }) => {
      // Controllers know no word for it: the circuit is built for them once its guard may be used.
      if (!hub.wants('CIRC') || info.status === 'guard-wait') return;
      const why = reason === undefined ? '' : ` REASON=${reason}`;
      const remote = remoteReason === undefined ? '' : ` REMOTE_REASON=${remoteReason}`;
      hub.send('CIRC', `${circuitLine(info)}${why}${remote}`);
    }),
    events.on('purpose', ({ info, oldPurpose, cannibalized }) => {
      if (!hub.wants('CIRC_MINOR')) return;
      const status = cannibalized ? 'CANNIBALIZED' : 'PURPOSE_CHANGED';
      hub.send('CIRC_MINOR', `${circuitLine(info, status)} OLD_PURPOSE=${purposeName(oldPurpose)}`);
    }),
    events.on('buildTimeout', (event) => hub.send('BUILDTIMEOUT_SET', buildTimeout(event))),
  ];
}

function buildTimeout(event: BuildTimeEvent): string {
  const { kind, totalTimes, timeoutMs, xm, alpha, quantileCutoff, timeoutRate, closeMs, closeRate } = event;
  return (
    `${kind.toUpperCase()} TOTAL_TIMES=${totalTimes} TIMEOUT_MS=${Math.round(timeoutMs)} XM=${Math.round(xm)} ` +
    `ALPHA=${alpha.toFixed(6)} CUTOFF_QUANTILE=${quantileCutoff.toFixed(6)} TIMEOUT_RATE=${timeoutRate.toFixed(6)} ` +
    `CLOSE_MS=${Math.round(closeMs)} CLOSE_RATE=${closeRate.toFixed(6)}`
  );
}

function linkEvents({ parts }: ControlDeps, hub: EventHub): Off[] {
  const { events } = parts.channels;
  const netdir = () => parts.directory.netdir;
  return [
    events.on('launched', (event) => hub.send('ORCONN', `${targetName(event, netdir())} LAUNCHED ID=${event.id}`)),
    events.on('accepted', (channel) => hub.send('ORCONN', `${channelName(channel, netdir())} NEW ID=${channel.id}`)),
    events.on('opened', (channel) =>
      hub.send('ORCONN', `${channelName(channel, netdir())} CONNECTED ID=${channel.id}`),
    ),
    events.on('failed', (event) => {
      const reason = failureReason(event.error, event.stage);
      hub.send('ORCONN', `${targetName(event, netdir())} FAILED REASON=${reason} ID=${event.id}`);
    }),
    events.on('closed', ({ channel, error }) => {
      hub.send(
        'ORCONN',
        `${channelName(channel, netdir())} CLOSED REASON=${failureReason(error, 'open')} ID=${channel.id}`,
      );
    }),
  ];
}

function clientEvents({ parts }: ControlDeps, hub: EventHub): Off[] {
  const { events, addressMap } = parts.client;
  return [
    addressMap.events.on('mapped', ({ from, to, expiresMs }) => {
      const expiry =
        expiresMs === undefined ? 'NEVER' : `"${isoTimeLocal(expiresMs)}" EXPIRES="${isoTime(expiresMs)}" CACHED="YES"`;
      hub.send('ADDRMAP', `${from} ${to} ${expiry}`);
    }),
    events.on('dangerousSocks', ({ protocol, address, port }) => {
      hub.send('STATUS_CLIENT', `WARN DANGEROUS_SOCKS PROTOCOL=SOCKS${protocol} ADDRESS=${address}:${port}`);
    }),
    events.on('dangerousPort', ({ port, rejected }) => {
      hub.send('STATUS_CLIENT', `WARN DANGEROUS_PORT PORT=${port} RESULT=${rejected ? 'REJECT' : 'WARN'}`);
    }),
    events.on('badHostname', ({ hostname }) => {
      hub.send('STATUS_CLIENT', `WARN SOCKS_BAD_HOSTNAME HOSTNAME=${quoteIfNeeded(hostname)}`);
    }),
  ];
}

function directoryEvents({ parts }: ControlDeps, hub: EventHub): Off[] {
  const { directory } = parts;
  const { events } = directory;
  return [
    events.on('progress', (status) => {
      hub.send('STATUS_CLIENT', bootstrapText(status));
      if (status.percent >= 100) hub.send('STATUS_CLIENT', 'NOTICE CIRCUIT_ESTABLISHED');
    }),
    events.on('enough', ({ enough }) => {
      hub.send('STATUS_CLIENT', `NOTICE ${enough ? 'ENOUGH_DIR_INFO' : 'NOT_ENOUGH_DIR_INFO'}`);
    }),
    events.on('clockSkew', ({ skewMs, source }) => {
      hub.send('STATUS_GENERAL', `WARN CLOCK_SKEW SKEW=${Math.round(skewMs / 1000)} SOURCE=${source}`);
    }),
    events.on('consensus', () => {
      if (!hub.wants('NEWCONSENSUS') && !hub.wants('NS')) return;
      const entries = directory.consensus('microdesc')?.relays.map(routerStatusEntry).join('') ?? '';
      for (const name of ['NS', 'NEWCONSENSUS'] as const) {
        hub.sendRaw(name, `650+${name}\r\n${dataBlock(entries)}650 OK\r\n`);
      }
    }),
  ];
}

function guardEvents({ parts }: ControlDeps, hub: EventHub): Off[] {
  const { events } = parts.guards;
  const tell =
    (status: string) =>
    ({ fingerprint, nickname }: GuardEvent): void =>
      hub.send('GUARD', `ENTRY $${fingerprint}${nickname === '' ? '' : `~${nickname}`} ${status}`);
  return [
    events.on('new', tell('NEW')),
    events.on('dropped', tell('DROPPED')),
    events.on('up', tell('UP')),
    events.on('down', tell('DOWN')),
  ];
}

function configurationEvents({ configuration }: ControlDeps, hub: EventHub): Off {
  return configuration.onChanged((names) => {
    const { options } = configuration;
    const lines = names.flatMap((name) => {
      const assigned = options.assigned(name);
      return assigned.length === 0 ? [name] : assigned.map(({ key, value }) => `${key}=${value}`);
    });
    hub.sendRaw('CONF_CHANGED', `650-CONF_CHANGED\r\n${lines.map((line) => `650-${line}\r\n`).join('')}650 OK\r\n`);
  });
}

const logEventNames: Readonly<Record<Severity, EventName>> = {
  debug: 'DEBUG',
  info: 'INFO',
  notice: 'NOTICE',
  warn: 'WARN',
  err: 'ERR',
};

/** The logger is asked for what somebody wants, and for nothing when nobody does: debug lines cost. */
function logEvents({ log }: ControlDeps, hub: EventHub): Off {
  let minimum: Severity | undefined;
  let remove: Off = () => undefined;
  const sink = ({ severity, message }: LogRecord): void => {
    const name = logEventNames[severity];
    if (!/[\r\n]/.test(message)) hub.send(name, message);
    else hub.sendRaw(name, `650+${name}\r\n${dataBlock(message)}650 OK\r\n`);
  };
  hub.onInterestChanged = () => {
    const wanted = severities.find((severity) => hub.wants(logEventNames[severity]));
    if (wanted === minimum) return;
    remove();
    minimum = wanted;
    remove = wanted === undefined ? () => undefined : log.addSink(sink, wanted);
  };
  return () => remove();
}
