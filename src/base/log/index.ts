export { type LogDomain, type LogRecord, Logger, type LogSink, type Severity, severities } from './logger.ts';
export { scrub, setScrubbing } from './scrub.ts';
