export { TestNetwork, type TestNetworkOptions } from './test-network.ts';
