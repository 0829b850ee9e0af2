export { LabProcess as Child } from '../../../src/app/lab/index.ts';
