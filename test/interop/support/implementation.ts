export { commandOf, type Implementation } from '../../../src/app/lab/index.ts';
