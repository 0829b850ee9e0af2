export { formatLogLine, type LineFormat } from './format.ts';
export { type LogSpec, type LogTarget, logDomains, parseLogSpec } from './log-spec.ts';
export { checkLogOptions, LogTargets, type LogTargetsDeps, type QuietLevel } from './log-targets.ts';
