export { commandOf } from '../../../src/app/lab/index.ts';
