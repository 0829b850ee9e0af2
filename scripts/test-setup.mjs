// Loaded into every test process. A failing `assert.ok(expression)` without a message makes Node read the source to quote
// the expression; in code that was put on one line by the TypeScript loader that takes minutes, and looks like a hang.
import assert from 'node:assert/strict';

function ok(value, message) {
  if (value) return;
  if (message instanceof Error) throw message;
  throw new assert.AssertionError({
    message: message ?? 'The expression is not truthy',
    actual: value,
    expected: true,
    operator: '==',
    stackStartFn: ok,
  });
}
assert.ok = ok;
