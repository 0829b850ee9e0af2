export { waitFor } from '../../../src/app/lab/index.ts';
