import { readFileSync } from 'node:fs';

/** The C tor release whose behaviour, options and files this one follows. */
export const torVersion = '0.4.9.11';

interface PackageFacts {
  readonly version: string;
}

/** Our own version, from the package. */
export function tropeaVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as PackageFacts).version;
}

/** What a client here speaks, compared with what the consensus asks of clients. spec: tor-spec 9 */
export const clientProtocols =
  'Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=4-5 LinkAuth=3 Microdesc=1-3 Relay=2-4';
