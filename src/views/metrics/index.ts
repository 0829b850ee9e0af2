export { type Metric, type MetricSource, type MetricType, metric, type Sample } from './metric.ts';
export { MetricsServer, type MetricsServerOptions } from './metrics-server.ts';
export { type ProcessMetrics, processMetrics } from './process-metrics.ts';
export { formatPrometheus } from './prometheus.ts';
export { type RelayMetricsDeps, relayMetrics } from './relay-metrics.ts';
