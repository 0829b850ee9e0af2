import { activityInfo } from './activity.ts';
import { InfoKeys } from './info-keys.ts';
import { networkInfo } from './network.ts';
import { onionInfo } from './onions.ts';
import { programInfo } from './program.ts';
import { relayInfo } from './relay.ts';

export const makeInfoKeys = (): InfoKeys =>
  new InfoKeys([programInfo, networkInfo, activityInfo, relayInfo, onionInfo]);
