/** A command's refusal: becomes its reply. Never leaves this room. */
export class ControlFailure extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

export function refuse(code: number, text: string): never {
  throw new ControlFailure(code, text);
}
