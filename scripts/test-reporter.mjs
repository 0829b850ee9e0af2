// A reporter for node's test runner: one line for each test file, failures in full, and the runner's closing lines.
// TROPEA_TEST_FAILED names a file that takes the path of each test file with a failure, one a line.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { inspect } from 'node:util';

const slowMs = 5000;
const failedList = process.env.TROPEA_TEST_FAILED;
const shown = (file) => (file === undefined ? 'test' : relative(process.cwd(), file));

function describeFailure({ name, file, line, details }) {
  const error = details.error?.cause ?? details.error;
  const text = inspect(error, { colors: false, depth: 4 });
  const indented = text.split('\n').map((part) => `    ${part}`);
  return `  not ok - ${name} (${shown(file)}:${line ?? 0})\n${indented.join('\n')}\n`;
}

export default async function* report(source) {
  const files = new Map();
  const failures = [];
  const slow = [];
  const count = (file) => {
    const entry = files.get(file) ?? { passed: 0, failed: 0, skipped: 0 };
    files.set(file, entry);
    return entry;
  };
  for await (const { type, data } of source) {
    const wholeFile = data?.nesting === 0 && data?.name === data?.file;
    if (type === 'test:pass' && data.details?.type !== 'suite' && !wholeFile) {
      const entry = count(data.file);
      if (data.skip !== undefined || data.todo !== undefined) entry.skipped += 1;
      else entry.passed += 1;
      const ms = data.details?.duration_ms ?? 0;
      if (ms > slowMs) slow.push(`slow   ${shown(data.file)}: ${data.name} took ${(ms / 1000).toFixed(1)} s\n`);
    } else if (type === 'test:fail' && data.todo === undefined) {
      const onlyBelow = data.details?.error?.failureType === 'subtestsFailed';
      if (!onlyBelow) {
        count(data.file).failed += 1;
        if (failedList !== undefined) appendFileSync(failedList, `${shown(data.file)}\n`);
        const text = describeFailure(data);
        failures.push(text);
        yield text;
      }
    } else if (type === 'test:stderr' || type === 'test:stdout') {
      yield data.message;
    } else if (type === 'test:diagnostic' && data.nesting === 0 && data.file === undefined) {
      yield* closing(files, slow, failures);
      yield `# ${data.message}\n`;
    }
  }
}

/** What was counted, once, before the runner's own summary. */
function* closing(files, slow, failures) {
  for (const [file, { passed, failed, skipped }] of files) {
    const verdict = failed > 0 ? 'FAILED' : 'ok    ';
    const rest = [failed > 0 ? `${failed} failed` : '', skipped > 0 ? `${skipped} skipped` : ''].filter(Boolean);
    yield `${verdict} ${shown(file)}: ${[`${passed} passed`, ...rest].join(', ')}\n`;
  }
  files.clear();
  yield* slow.splice(0);
  if (failures.length > 0) yield `\n${failures.length} failed:\n`;
  for (const failure of failures.splice(0)) yield failure;
}
