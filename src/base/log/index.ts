export { type LogDomain, Logger, type LogRecord, type LogSink, type Severity, severities } from './logger.ts';
export { scrub, setScrubbing } from './scrub.ts';
