import { at, type Code, FunctionBuilder, i32, i32x4, type Local, loop, v128 } from './assembler.ts';

const roundConstants = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];
const swapWords = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

/**
 * sha1Blocks(state, data, count): FIPS 180-4 compression. The message schedule is made four words at a time, a step
 * ahead of the rounds that use it, and kept with the round constants added at `schedule` (320 bytes).
 */
export function sha1Blocks(schedule: number): FunctionBuilder {
  const f = new FunctionBuilder(3);
  const [state, data, count] = [f.param(0), f.param(1), f.param(2)];
  const words = f.locals('v128', 20);
  const extra = f.local('v128');
  const hash = f.locals('i32', 5);
  const work = f.locals('i32', 5);

  const addConstant = (group: number): Code =>
    v128.store(
      i32.const(schedule),
      i32x4.add(at(words, group).get, v128.splat32(at(roundConstants, Math.floor(group / 5)))),
      16 * group,
    );
  const makeWords = (group: number): Code => [makeGroup(words, extra, group, data), addConstant(group)];

  const body: Code[] = [];
  for (let i = 0; i < 5; i++) body.push(at(work, i).set(at(hash, i).get));
  for (let group = 0; group < 6; group++) body.push(makeWords(group));
  for (let group = 0; group < 20; group++) {
    if (group + 2 >= 6 && group + 2 < 20) body.push(makeWords(group + 2));
    for (let t = 4 * group; t < 4 * group + 4; t++) body.push(round(work, t, schedule));
  }
  for (let i = 0; i < 5; i++) body.push(at(hash, i).set(i32.add(at(hash, i).get, at(work, i).get)));

  for (let i = 0; i < 5; i++) f.emit(at(hash, i).set(i32.load(state.get, 4 * i)));
  f.emit(loop([body, data.set(i32.add(data.get, i32.const(64)))], count.tee(i32.sub(count.get, i32.const(1)))));
  for (let i = 0; i < 5; i++) f.emit(i32.store(state.get, at(hash, i).get, 4 * i));
  return f;
}

/** Words 4 * group .. 4 * group + 3 of the schedule. */
function makeGroup(words: readonly Local<'v128'>[], extra: Local<'v128'>, group: number, data: Local<'i32'>): Code {
  const target = at(words, group);
  if (group < 4) {
    return [extra.set(v128.load(data.get, 16 * group)), target.set(v128.permute(extra, swapWords))];
  }
  const before = (n: number): Code => at(words, group - n).get;
  /** Words that begin `n` words before the group. */
  const window = (n: number): Code =>
    v128.shuffle(
      before(Math.ceil(n / 4)),
      before(Math.ceil(n / 4) - 1),
      Array.from({ length: 16 }, (_, i) => (4 - (n % 4)) * 4 + i),
    );
  if (group >= 8) {
    // rotl2(W[t-6] ^ W[t-16] ^ W[t-28] ^ W[t-32]): the same words, without a dependence inside the group.
    return [target.set(v128.xor(window(6), before(4), before(7), before(8))), target.set(rotate(target, 2))];
  }
  const zero = v128.splat8(0);
  const last3 = v128.shuffle(before(1), zero, [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  return [
    target.set(v128.xor(last3, before(2), window(14), before(4))),
    // The fourth word also needs the first of this very group.
    extra.set(v128.shuffle(zero, target.get, [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])),
    target.set(v128.xor(rotate(target, 1), rotate(extra, 2))),
  ];
}

const rotate = (value: Local<'v128'>, bits: number): Code =>
  v128.or(i32x4.shl(value.get, bits), i32x4.shr(value.get, 32 - bits));

/** The five variables change their roles from round to round instead of being moved. */
function round(work: readonly Local<'i32'>[], t: number, schedule: number): Code {
  const role = (n: number): Local<'i32'> => at(work, (n + 5 * 16 - t) % 5);
  const [a, b, c, d, e] = [role(0), role(1), role(2), role(3), role(4)];
  const phase = Math.floor(t / 20);
  const mix: Record<number, Code> = {
    0: i32.xor(i32.and(i32.xor(c.get, d.get), b.get), d.get),
    1: i32.xor(b.get, c.get, d.get),
    2: i32.or(i32.and(b.get, c.get), i32.and(i32.or(b.get, c.get), d.get)),
    3: i32.xor(b.get, c.get, d.get),
  };
  return [
    e.set(i32.add(i32.add(e.get, i32.load(i32.const(schedule), 4 * t)), mix[phase] ?? [], i32.rotl(a.get, 5))),
    b.set(i32.rotl(b.get, 30)),
  ];
}
