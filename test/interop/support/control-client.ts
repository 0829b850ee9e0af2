export { ControlClient } from '../../../src/app/lab/index.ts';
