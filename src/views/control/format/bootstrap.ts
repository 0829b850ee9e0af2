import type { BootstrapStatus } from '../../../network/directory/index.ts';
import { quote } from '../../../wire/torrc/index.ts';

/** `NOTICE BOOTSTRAP PROGRESS=...`: status/bootstrap-phase and STATUS_CLIENT. spec: control-spec 5.5 */
export function bootstrapText(status: BootstrapStatus): string {
  const { percent, tag, summary, warning, reason, count, recommendation, hostId, hostAddress } = status;
  const parts = [
    warning === undefined ? 'NOTICE' : 'WARN',
    'BOOTSTRAP',
    `PROGRESS=${percent}`,
    `TAG=${tag}`,
    `SUMMARY=${quote(summary)}`,
    ...(warning === undefined ? [] : [`WARNING=${quote(warning)}`, `REASON=${reason ?? 'MISC'}`]),
    ...(count === undefined ? [] : [`COUNT=${count}`]),
    ...(recommendation === undefined ? [] : [`RECOMMENDATION=${recommendation}`]),
    ...(hostId === undefined ? [] : [`HOSTID="${hostId}"`]),
    ...(hostAddress === undefined ? [] : [`HOSTADDR="${hostAddress}"`]),
  ];
  return parts.join(' ');
}
