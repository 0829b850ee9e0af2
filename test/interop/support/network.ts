import { Lab, type LabOptions } from '../../../src/app/lab/index.ts';

/** Private networks of the tests say on standard error how far they are. */
export const testLab = {
  progress: (text: string): void => {
    process.stderr.write(`network: ${text}\n`);
  },
  keep: process.env.TROPEA_TEST_KEEP !== undefined,
} satisfies LabOptions;

/** The launcher of `app/lab`, telling its progress. */
export const TorNetwork = {
  start: (options: LabOptions = {}): Promise<Lab> => Lab.start({ ...testLab, ...options }),
  attach: Lab.attach,
};
export type TorNetwork = Lab;
