const hourMs = 3600_000;
const dayMs = 24 * hourMs;

export interface ExpiryWarning {
  readonly severity: 'warn' | 'err';
  readonly message: string;
  /** Not to be said again before this much time. */
  readonly repeatMs: number;
}

/** What to say about a certificate that runs out; undefined while there is time. */
export function expiryWarning(expiresMs: number, nowMs: number): ExpiryWarning | undefined {
  const left = expiresMs - nowMs;
  const what = 'Your v3 authority certificate';
  if (left <= 0) {
    return { severity: 'err', message: `${what} has expired. Generate a new one NOW.`, repeatMs: hourMs };
  }
  if (left <= dayMs) {
    const hours = Math.floor(left / hourMs);
    return {
      severity: 'warn',
      message: `${what} expires in ${hours} hours; Generate a new one NOW.`,
      repeatMs: hourMs,
    };
  }
  if (left > 30 * dayMs) return undefined;
  const days = Math.floor(left / dayMs);
  const repeatMs = left <= 7 * dayMs ? dayMs : 5 * dayMs;
  return { severity: 'warn', message: `${what} expires in ${days} days; Generate a new one soon.`, repeatMs };
}

/** Says it when it is due. */
export class ExpiryWatch {
  #lastMs = Number.NEGATIVE_INFINITY;

  check(expiresMs: number, nowMs: number): ExpiryWarning | undefined {
    const warning = expiryWarning(expiresMs, nowMs);
    if (warning === undefined || this.#lastMs + warning.repeatMs > nowMs) return undefined;
    this.#lastMs = nowMs;
    return warning;
  }
}
