export { main, runProgram } from './main.ts';
export type { ExitCode, ProgramIo } from './program.ts';
