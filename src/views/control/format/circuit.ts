import type { CircuitInfo, CircuitPurpose } from '../../../network/circuits/index.ts';
import { isoTimeMicro } from './time.ts';

const purposeNames: Readonly<Record<CircuitPurpose, string>> = {
  general: 'GENERAL',
  dir: 'GENERAL',
  'hs-client-hsdir': 'HS_CLIENT_HSDIR',
  'hs-client-intro': 'HS_CLIENT_INTRO',
  'hs-client-rend': 'HS_CLIENT_REND',
  'hs-service-hsdir': 'HS_SERVICE_HSDIR',
  'hs-service-intro': 'HS_SERVICE_INTRO',
  'hs-service-rend': 'HS_SERVICE_REND',
  'hs-vanguards': 'HS_VANGUARDS',
  'measure-timeout': 'MEASURE_TIMEOUT',
  testing: 'TESTING',
  controller: 'CONTROLLER',
};

export const purposeName = (purpose: CircuitPurpose): string => purposeNames[purpose];

const upper = (word: string): string => word.toUpperCase().replaceAll('-', '_');

/** `id STATUS path KEY=...`: circuit-status and CIRC. spec: control-spec 4.1.1 */
export function circuitLine(info: CircuitInfo, status = circuitStatus(info)): string {
  const { id, path, buildFlags, purpose, hsState, tag } = info;
  const parts = [
    String(id),
    status,
    ...(path.length === 0 ? [] : [path.join(',')]),
    ...(buildFlags.length === 0 ? [] : [`BUILD_FLAGS=${buildFlags.join(',')}`]),
    `PURPOSE=${purposeName(purpose)}`,
    ...(hsState === undefined ? [] : [`HS_STATE=${upper(hsState)}`]),
    ...(tag !== undefined && purpose.startsWith('hs-') && /^[a-z2-7]{56}$/.test(tag) ? [`REND_QUERY=${tag}`] : []),
    `TIME_CREATED=${isoTimeMicro(info.createdMs)}`,
  ];
  return parts.join(' ');
}

export const circuitStatus = (info: CircuitInfo): string => upper(info.status);
