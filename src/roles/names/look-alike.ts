/** What two readers may take for each other, told as one text. A short list: the letters that fonts draw alike. */
const drawnAlike: Readonly<Record<string, string>> = {
  а: 'a',
  е: 'e',
  о: 'o',
  р: 'p',
  с: 'c',
  у: 'y',
  х: 'x',
  і: 'i',
  ј: 'j',
  ѕ: 's',
  һ: 'h',
  ԁ: 'd',
  ԛ: 'q',
  ԝ: 'w',
  ӏ: 'l',
  к: 'k',
  м: 'm',
  т: 't',
  в: 'b',
  н: 'h',
  г: 'r',
  п: 'n',
  ь: 'b',
  α: 'a',
  ο: 'o',
  ρ: 'p',
  ν: 'v',
  τ: 't',
  ι: 'i',
  κ: 'k',
  υ: 'u',
  ε: 'e',
  γ: 'y',
  η: 'n',
  ω: 'w',
  χ: 'x',
  β: 'b',
  օ: 'o',
  ո: 'n',
  ս: 'u',
  հ: 'h',
  ց: 'g',
  զ: 'q',
  ı: 'i',
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ß: 'b',
  æ: 'ae',
  œ: 'oe',
  þ: 'p',
  ħ: 'h',
  ŋ: 'n',
  '0': 'o',
  '1': 'l',
  '5': 's',
  '8': 'b',
  '3': 'e',
  '6': 'b',
  '9': 'g',
  '2': 'z',
  i: 'l',
  j: 'l',
};

/** Names with the same skeleton look alike. */
export function skeleton(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('-', '');
  const letters = [...plain].map((letter) => drawnAlike[letter] ?? letter).join('');
  const joined = letters.replaceAll('rn', 'm').replaceAll('vv', 'w').replaceAll('cl', 'd').replaceAll('uu', 'w');
  return [...joined].map((letter) => drawnAlike[letter] ?? letter).join('');
}

/** One letter more, less, other, or two swapped. */
export function isOneSlip(a: string, b: string): boolean {
  if (a === b) return false;
  const [x, y] = [[...a], [...b]];
  if (Math.abs(x.length - y.length) > 1) return false;
  let start = 0;
  while (start < x.length && x[start] === y[start]) start++;
  let end = 0;
  while (end < Math.min(x.length, y.length) - start && x[x.length - 1 - end] === y[y.length - 1 - end]) end++;
  const [left, right] = [x.slice(start, x.length - end), y.slice(start, y.length - end)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}

/** Long enough that chance does not make it, short enough for a forger who searches keys. */
const sharedEnd = 5;
const maxDifferent = 8;

/** Addresses that begin or end alike, or differ in few places: what people who compare a few characters fall for. */
export function addressesLookAlike(a: string, b: string): boolean {
  if (a === b) return false;
  if (a.slice(0, sharedEnd) === b.slice(0, sharedEnd)) return true;
  // The last character is the version's; the three before it belong to the checksum.
  if (a.slice(-sharedEnd - 1) === b.slice(-sharedEnd - 1)) return true;
  let different = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) different++;
  return different <= maxDifferent;
}
