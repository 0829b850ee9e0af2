/** How people and documents name relays: `nick`, `$FP`, `FP`, `$FP~nick`, `$FP=nick`. */
export type RelayName =
  | { readonly kind: 'nickname'; readonly nickname: string }
  | {
      readonly kind: 'fingerprint';
      /** Upper-case hexadecimal, 40 characters. */
      readonly fingerprint: string;
      /** What follows `~` or `=`. The form with `=` named a relay whose nickname was its own; there are none today. */
      readonly nickname: string | undefined;
      readonly named: boolean;
    };

const nicknameForm = /^[A-Za-z0-9]{1,19}$/;
const fingerprintForm = /^\$?([0-9A-Fa-f]{40})(?:([~=])([A-Za-z0-9]{1,19}))?$/;

export const isNickname = (text: string): boolean => nicknameForm.test(text);

/** Undefined when it is neither form. */
export function parseRelayName(text: string): RelayName | undefined {
  const match = fingerprintForm.exec(text);
  if (match !== null) {
    return {
      kind: 'fingerprint',
      fingerprint: (match[1] as string).toUpperCase(),
      nickname: match[3],
      named: match[2] === '=',
    };
  }
  return nicknameForm.test(text) ? { kind: 'nickname', nickname: text } : undefined;
}
