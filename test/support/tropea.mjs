// The program from its sources: node --import tsx test/support/tropea.mjs [arguments]
import { runProgram } from '../../src/app/cli/main.ts';

await runProgram(process.argv.slice(2));
