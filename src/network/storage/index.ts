export type { DataStore, StateStore } from './types.ts';
