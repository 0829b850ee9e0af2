import { formatVersionList } from './version-list.ts';

/** What an authority of C tor 0.4.9 votes for. These four say what the network needs, not what this program has. */
export const votedProtocols = {
  recommendedRelayProtocols:
    'Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=2 Link=4-5 LinkAuth=3 Microdesc=2 Relay=2-4',
  recommendedClientProtocols:
    'Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4 HSRend=2 Link=4-5 Microdesc=2 Relay=2-4',
  requiredRelayProtocols:
    'Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=2 Link=4-5 LinkAuth=3 Microdesc=2 Relay=2-4',
  requiredClientProtocols: 'Cons=2 Desc=2 FlowCtrl=1 Link=4 Microdesc=2 Relay=2',
} as const;

export interface VersionVote {
  readonly clientVersions: string | undefined;
  readonly serverVersions: string | undefined;
}

/** `client-versions` and `server-versions` of a vote, from the options. */
export const votedVersions = (config: VersionVote): VersionVote => ({
  clientVersions: config.clientVersions === undefined ? undefined : formatVersionList(config.clientVersions),
  serverVersions: config.serverVersions === undefined ? undefined : formatVersionList(config.serverVersions),
});
