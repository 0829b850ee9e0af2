export { ChannelManager, type ChannelManagerDeps, type ChannelManagerOptions } from './channel-manager.ts';
export { dialDirect, dialFrom } from './connect.ts';
export { type LinkCredentialSet, type LinkKeys, makeLinkCredentials } from './link-credentials.ts';
export { OrListener, type OrListenerDeps, type OrListenerOptions } from './or-listener.ts';
export {
  BandwidthLimiter,
  type LinkTraffic,
  type TrafficControl,
  type TrafficLimits,
  type TrafficMeter,
} from './traffic.ts';
export type {
  ChannelClosed,
  ChannelFailed,
  ChannelLaunched,
  ChannelManagerEvents,
  ChannelRequest,
  ChannelTarget,
  Dial,
  OrEndpoint,
  OutboundAddresses,
} from './types.ts';
