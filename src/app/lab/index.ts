export { type ChildOptions, LabProcess } from './child-process.ts';
export { ControlClient, type ControlReply } from './control-client.ts';
export { FreePorts } from './free-ports.ts';
export type { HostReport, HostRequest } from './host-messages.ts';
export { commandOf, type Implementation, implementationName } from './implementation.ts';
export { Lab, type LabDescription, type LabOptions } from './lab.ts';
export { LabNode, type NodeDescription, type NodeKind } from './lab-node.ts';
export { usualProcesses } from './node-host.ts';
export type { NodeProcess } from './node-process.ts';
export {
  authorizeClients,
  type ClientKey,
  makeClientKey,
  type OnionPort,
  type OnionServiceDescription,
  writeClientAuth,
} from './onion-files.ts';
export { ClientTale, joinedSteps, ServiceTale, type TaleStep } from './onion-tale.ts';
export { loadTopology, type ReadyMade, readyMadeNetworks } from './ready-made.ts';
export {
  askLab,
  claimLabFolder,
  LabHost,
  type LabRequest,
  type LabStatus,
  labFolder,
  type NodeStatus,
  statusOf,
} from './running-lab.ts';
export { startService } from './service-ready.ts';
export { getThroughSocks } from './socks-get.ts';
export {
  type ClientOptions,
  checkTopology,
  type LabTopology,
  type NodeOptions,
  type OnionServiceOptions,
  type RelayOptions,
  sizeOf,
} from './topology.ts';
export { waitFor } from './wait.ts';
export { body, bodySha256 } from './world/http-server.ts';
