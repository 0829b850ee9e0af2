import { TorError } from '../../../base/errors/index.ts';
import type { ReportConfig, TorOptions } from '../options.ts';
import { type HostLookup, isRelay, listeningPorts, type PortConfig, type PortKind } from '../ports/index.ts';
import type { OptionName, OptionValue } from '../table/index.ts';

export interface ValidationContext {
  readonly report: ReportConfig;
  readonly lookup?: HostLookup;
  /** Memory of this machine; unset: not looked at. */
  readonly totalMemoryBytes?: number;
}

/** The options under check. Checks read, adjust (as C tor does while it validates), warn, or refuse. */
export class Validation {
  options: TorOptions;
  ports: readonly PortConfig[];
  readonly context: ValidationContext;

  constructor(options: TorOptions, context: ValidationContext) {
    this.options = options;
    this.ports = [];
    this.context = context;
  }

  get<N extends OptionName>(name: N): OptionValue<N> {
    return this.options.get(name);
  }

  lines(name: OptionName): readonly string[] {
    return this.options.lines(name);
  }

  has(name: OptionName): boolean {
    return this.options.lines(name).length > 0;
  }

  /** Changes an option, as text. */
  set(name: OptionName, value: string): void {
    this.options = this.options.assign([{ key: name, value, command: 'set' }], { mode: 'setconf' });
  }

  /** Replaces a list option. */
  setLines(name: OptionName, values: readonly string[]): void {
    const lines = values.map((value) => ({ key: name, value, command: 'set' }) as const);
    this.options = this.options.assign(lines, { mode: 'setconf' });
  }

  opens(kind: PortKind): boolean {
    return listeningPorts(this.ports, kind).length > 0;
  }

  get isRelay(): boolean {
    return isRelay(this.ports);
  }

  get isAuthority(): boolean {
    return this.get('AuthoritativeDirectory');
  }

  get isV3Authority(): boolean {
    return this.isAuthority && this.get('V3AuthoritativeDirectory');
  }

  get hasOnionServices(): boolean {
    return this.lines('HiddenServiceOptions').length > 0;
  }

  /** Onion services here are reached in one hop and not hidden. */
  get nonAnonymous(): boolean {
    return this.get('HiddenServiceNonAnonymousMode');
  }

  warn(message: string): void {
    this.context.report({ severity: 'warn', message });
  }

  notice(message: string): void {
    this.context.report({ severity: 'notice', message });
  }

  reject(message: string): never {
    throw new TorError('TORRC_VALUE', message);
  }

  rejectIf(condition: boolean, message: string): void {
    if (condition) this.reject(message);
  }
}
