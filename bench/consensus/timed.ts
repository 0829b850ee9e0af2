/** CPU milliseconds of this process, all of its threads, that some work takes. */
export function timed<T>(work: () => T): { readonly value: T; readonly cpuMs: number } {
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  return { value, cpuMs: Math.round((user + system) / 1000) };
}
