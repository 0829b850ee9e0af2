export { formatLogLine } from './format.ts';
export { parseLogSpec } from './log-spec.ts';
export { checkLogOptions, LogTargets } from './log-targets.ts';
