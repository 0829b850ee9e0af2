import { base64 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { integerArg } from '../meta/fields.ts';
import { any, anyWords, atLeast, KeywordTable, maybe, once } from '../meta/rules.ts';
import { syntaxError, textOf } from '../meta/text.ts';
import { type Section, tokenize } from '../meta/tokenizer.ts';
import type { DocumentText } from '../meta/types.ts';
import { decodeBase64Of, formatIsoTime, parseInteger, parseIsoTime } from '../meta/values.ts';
import { formatIntroductionPoint, type IntroductionPointCheck, parseIntroductionPoint } from './introduction-point.ts';
import type { IntroductionPoint, OnionDescriptorContent, OnionDescriptorFields, PowParams } from './types.ts';

const table = new KeywordTable({
  'create2-formats': once('line', { at: 'start' }),
  'intro-auth-required': maybe(atLeast(1)),
  'single-onion-service': maybe(anyWords),
  'flow-control': maybe(atLeast(2)),
  'pow-params': any(atLeast(1)),
});

const ntorType = 2;
const maxIntroductionPoints = 20;

/**
 * Reads the opened inner layer. Introduction points that cannot be read or proven are left out, as in C tor.
 * Throws NETDOC_SYNTAX. spec: rend-spec-v3 2.5.2.2
 */
export function parseSecondLayer(document: DocumentText, check: IntroductionPointCheck): OnionDescriptorContent {
  const text = textOf(document);
  const section = tokenize(text, table);
  const formats = (section.arg('create2-formats') ?? '').split(' ');
  if (!formats.some((word) => parseInteger(word, 1, 0xffff) === ntorType)) {
    throw syntaxError('create2-formats without ntor');
  }
  return {
    supportsNtor: true,
    introAuthRequired: introAuthOf(section),
    singleOnion: section.first('single-onion-service') !== undefined,
    flowControl: flowControlOf(section),
    powParams: powParamsOf(section),
    introductionPoints: introductionPointsOf(text, check),
  };
}

function introAuthOf(section: Section): readonly string[] {
  const token = section.first('intro-auth-required');
  if (token === undefined) return [];
  // C tor looks at the first word only, and at no more of it than this.
  if (!(token.args[0] ?? '').startsWith('ed25519')) throw section.error(token, 'no known kind of authorization');
  return token.args;
}

function flowControlOf(section: Section): OnionDescriptorContent['flowControl'] {
  const token = section.first('flow-control');
  if (token === undefined) return undefined;
  return { versions: token.args[0] ?? '', sendmeInc: integerArg(section, token, 1, 1, 255) };
}

function powParamsOf(section: Section): PowParams | undefined {
  const tokens = section.all('pow-params').filter((token) => token.args[0] === 'v1');
  const [token, second] = tokens;
  if (token === undefined) return undefined;
  if (second !== undefined) throw section.error(second, 'pow-params v1 stands twice');
  const seed = decodeBase64Of(token.args[1] ?? '', 32);
  const expiresMs = parseIsoTime((token.args[3] ?? '').replace('T', ' '));
  if (seed === undefined || expiresMs === undefined) throw section.error(token, 'pow-params v1 cannot be read');
  return { seed, suggestedEffort: integerArg(section, token, 2, 0, 0xffff_ffff), expiresMs };
}

const pointStart = '\nintroduction-point ';

function introductionPointsOf(text: string, check: IntroductionPointCheck): IntroductionPoint[] {
  const points: IntroductionPoint[] = [];
  for (const chunk of text.split(pointStart).slice(1)) {
    try {
      points.push(parseIntroductionPoint(`introduction-point ${chunk}`, check));
    } catch (error) {
      if (!TorError.is(error)) throw error;
    }
    if (points.length > maxIntroductionPoints) throw syntaxError('more than 20 introduction points');
  }
  return points;
}

export function formatSecondLayer(fields: OnionDescriptorFields): string {
  const { introAuthRequired = [], flowControl, powParams, signingKey, certExpiresMs } = fields;
  const lines = [`create2-formats ${ntorType}\n`];
  if (introAuthRequired.length > 0) lines.push(`intro-auth-required ${introAuthRequired.join(' ')}\n`);
  if (fields.singleOnion === true) lines.push('single-onion-service\n');
  if (flowControl !== undefined) lines.push(`flow-control ${flowControl.versions} ${flowControl.sendmeInc}\n`);
  if (powParams !== undefined) {
    const expires = formatIsoTime(powParams.expiresMs).replace(' ', 'T');
    lines.push(`pow-params v1 ${base64(powParams.seed)} ${powParams.suggestedEffort} ${expires}\n`);
  }
  for (const point of fields.introductionPoints) {
    lines.push(formatIntroductionPoint(point, { key: signingKey, expiresAtMs: certExpiresMs }));
  }
  return lines.join('');
}
