export { ControlServer } from './server.ts';
export type {
  ControlActions,
  ControlDeps,
  ControlledConfiguration,
  ControlledParts,
  ControlledServices,
  ControlOptions,
  TrafficTotals,
} from './types.ts';
