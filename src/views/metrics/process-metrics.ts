import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type MetricSource, metric } from './metric.ts';

export interface ProcessMetrics {
  readonly source: MetricSource;
  stop(): void;
}

const nanosecondsPerMs = 1e6;

/** How the process itself is: what an operator of a Node program wants to see beside C tor's metrics. */
export function processMetrics(): ProcessMetrics {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const source: MetricSource = () => {
    const { rss, heapUsed, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const metrics = [
      metric('gauge', 'process_memory_bytes', 'Memory of the process', [
        { labels: { kind: 'resident' }, value: rss },
        { labels: { kind: 'heap' }, value: heapUsed },
        { labels: { kind: 'external' }, value: external },
      ]),
      metric('counter', 'process_cpu_seconds_total', 'CPU time of the process', [
        { labels: { mode: 'user' }, value: user / 1e6 },
        { labels: { mode: 'system' }, value: system / 1e6 },
      ]),
      metric('gauge', 'process_event_loop_delay_ms', 'Delay of the event loop since the last scrape', [
        { labels: { quantile: '0.5' }, value: delay.percentile(50) / nanosecondsPerMs },
        { labels: { quantile: '0.99' }, value: delay.percentile(99) / nanosecondsPerMs },
      ]),
    ];
    delay.reset();
    return metrics;
  };
  return { source, stop: () => delay.disable() };
}
