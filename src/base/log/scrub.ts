let scrubbing = true;

/** `SafeLogging`: on by default; turned off only by the user's configuration. */
export function setScrubbing(on: boolean): void {
  scrubbing = on;
}

/** A sensitive value (address, host name, onion address) as the log may show it. */
export function scrub(value: string): string {
  return scrubbing ? '[scrubbed]' : value;
}
