export type { Implementation, LabTopology } from './app/lab/index.ts';
export * from './app/testing/index.ts';
