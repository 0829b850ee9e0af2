import type { Metric, Sample } from './metric.ts';

/** Text in Prometheus' exposition format, as C tor writes it. */
export function formatPrometheus(metrics: readonly Metric[], prefix = 'tor'): string {
  return metrics.map((metric) => formatMetric(metric, `${prefix}_${metric.name}`)).join('');
}

function formatMetric({ type, help, samples }: Metric, name: string): string {
  const lines = samples.map((sample) => `${name}${formatLabels(sample)} ${formatValue(sample.value)}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function formatLabels({ labels }: Sample): string {
  const entries = Object.entries(labels ?? {});
  if (entries.length === 0) return '';
  return `{${entries.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',')}}`;
}

const escapeValue = (value: string): string => value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));

/** Whole numbers, as C tor's are; rates keep three digits. */
const formatValue = (value: number): string =>
  Number.isInteger(value) ? String(value) : Number.isFinite(value) ? value.toFixed(3) : '0';
