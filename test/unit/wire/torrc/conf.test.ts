import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TorError } from '../../../../src/base/errors/index.ts';
import { type ConfigMessage, dumpOptions, loadOptions, validateOptions } from '../../../../src/wire/torrc/index.ts';
import { confCases } from '../../../support/conf-cases.ts';

/** What we make of a torrc, in the shape of the files of test/conf. */
function outcomeOf(torrc: string): { dump: string } | { error: string } {
  const report = (_message: ConfigMessage): void => undefined;
  try {
    const include = (): never => {
      throw new Error('no such file');
    };
    const loaded = loadOptions({ torrc, report, include });
    const { options } = validateOptions(loaded.options, { report });
    return { dump: dumpOptions(options, loaded.defaults) };
  } catch (error) {
    if (!TorError.is(error)) throw error;
    return { error: error.message };
  }
}

const cases = confCases();

test('there are golden configurations of both kinds', () => {
  assert.ok(cases.filter((c) => c.outcome.kind === 'valid').length > 30);
  assert.ok(cases.filter((c) => c.outcome.kind === 'error').length > 30);
});

for (const { name, torrc, outcome } of cases) {
  test(`test/conf/${name} as C tor reads it`, () => {
    const ours = outcomeOf(torrc);
    if (outcome.kind === 'valid') assert.deepEqual(ours, { dump: outcome.dump });
    // The nearest name that we tell for an unknown option is our own addition.
    else assert.ok('error' in ours && ours.error.startsWith(outcome.message), JSON.stringify(ours));
  });
}
