import { at, type Code, type FunctionBuilder, type Local, v128 } from './assembler.ts';

type V = Local<'v128'>;

/**
 * The AES S-box as a circuit of 115 gates on bit planes, without the four inversions at its end: the caller adds 63 to
 * the round keys instead. J. Boyar, R. Peralta: "A new combinational logic minimization technique with applications to
 * cryptology", 2010; its gates in an order that needs few registers. `q[0]` holds the lowest bits; in place.
 */
export function sboxCircuit(f: FunctionBuilder): (q: readonly V[]) => Code {
  const wires = new Map<string, V>();
  const wire = (name: string): V => {
    const known = wires.get(name);
    if (known !== undefined) return known;
    const made = f.local('v128');
    wires.set(name, made);
    return made;
  };
  return (q) => {
    const named = (name: string): V => (name.startsWith('x') ? at(q, 7 - Number(name.slice(1))) : wire(name));
    const gates = circuit
      .trim()
      .split(/\s*;\s*/)
      .filter((line) => line !== '');
    const code = gates.map((line) => {
      const [target, left, operator, right] = line.split(/[\s=]+/) as [string, string, string, string];
      const gate = operator === '&' ? v128.and : v128.xor;
      return wire(target).set(gate(named(left).get, named(right).get));
    });
    const outputs = q.map((bit, i) => bit.set(wire(`s${7 - i}`).get));
    return [code, outputs];
  };
}

const circuit = `
y13 = x0 ^ x6; y14 = x3 ^ x5; t0 = x1 ^ x2; y12 = y13 ^ y14; t1 = x4 ^ y12; y1 = t0 ^ x7; y5 = y1 ^ x6; y15 = t1 ^ x5;
t2 = y12 & y15; y4 = y1 ^ x3; y20 = t1 ^ x1; y2 = y1 ^ x0; y8 = x0 ^ x5; t5 = y4 & x7; t8 = y5 & y1; y9 = x0 ^ x3;
y11 = y20 ^ y9; y7 = x7 ^ y11; y6 = y15 ^ x7; y10 = y15 ^ t0; y3 = y5 ^ y8; t3 = y3 & y6; y17 = y10 ^ y11;
t6 = t5 ^ t2; y16 = t0 ^ y11; t10 = y2 & y7; t4 = t3 ^ t2; t7 = y13 & y16; t15 = y8 & y10; t11 = t10 ^ t7;
t13 = y14 & y17; t9 = t8 ^ t7; t12 = y9 & y11; t14 = t13 ^ t12; t19 = t9 ^ t14; t17 = t4 ^ t14; t16 = t15 ^ t12;
y19 = y10 ^ y8; t20 = t11 ^ t16; y21 = y13 ^ y16; t23 = t19 ^ y21; t18 = t6 ^ t16; t22 = t18 ^ y19; y18 = x0 ^ y16;
t24 = t20 ^ y18; t21 = t17 ^ y20; t26 = t21 & t23; t30 = t23 ^ t24; t31 = t22 ^ t26; t32 = t31 & t30; t33 = t32 ^ t24;
t27 = t24 ^ t26; t35 = t27 ^ t33; t34 = t23 ^ t33; t36 = t24 & t35; t25 = t21 ^ t22; t28 = t25 & t27; t29 = t28 ^ t22;
t38 = t27 ^ t36; t37 = t36 ^ t34; t42 = t29 ^ t33; t39 = t29 & t38; t40 = t25 ^ t39; t41 = t40 ^ t37; z6 = t42 & y11;
z15 = t42 & y9; z17 = t41 & y8; t45 = t42 ^ t41; z7 = t45 & y17; t43 = t29 ^ t40; z8 = t41 & y10; t54 = z6 ^ z7;
z16 = t45 & y14; z12 = t43 & y13; t55 = z16 ^ z17; t44 = t33 ^ t37; z5 = t29 & y7; t46 = z15 ^ z16; t52 = z7 ^ z8;
z4 = t40 & y1; z3 = t43 & y16; t59 = z3 ^ t54; z0 = t44 & y15; z9 = t44 & y12; z11 = t33 & y4; t53 = z0 ^ z3;
z10 = t37 & y3; t49 = z9 ^ z10; z13 = t40 & y5; z14 = t29 & y2; z2 = t33 & x7; z1 = t37 & y6; t51 = z2 ^ z5;
t48 = z5 ^ z13; t58 = z4 ^ t46; t50 = z2 ^ z12; t57 = t50 ^ t53; t60 = t46 ^ t57; t63 = t49 ^ t58; t61 = z14 ^ t57;
t47 = z10 ^ z11; t66 = z1 ^ t63; s0 = t59 ^ t63; s3 = t53 ^ t66; t62 = t52 ^ t58; s7 = t48 ^ t60; s4 = t51 ^ t66;
t56 = z12 ^ t48; s6 = t56 ^ t62; t65 = t61 ^ t62; s5 = t47 ^ t65; t64 = z4 ^ t59; t67 = t64 ^ t65; s1 = t64 ^ s3;
s2 = t55 ^ t67;
`;
