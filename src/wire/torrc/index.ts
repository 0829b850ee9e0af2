export { type AddressRule, parseAddressPolicy, policyAccepts } from './address-policy.ts';
export { deprecatedOptions, expandAlias } from './aliases.ts';
export { dumpOptions } from './dump.ts';
export { type ConfigLine, type IncludeReader, type ParseLinesOptions, parseConfigLines } from './lines.ts';
export { type ConfigSources, type LoadedOptions, loadOptions } from './load.ts';
export { nearestName, nearestOf } from './nearest.ts';
export { type AssignOptions, type ConfigMessage, type ReportConfig, TorOptions } from './options.ts';
export {
  defaultEntryFlags,
  type EntryPortFlags,
  type HostLookup,
  isRelay,
  type ListenAddress,
  listeningPorts,
  type PortConfig,
  type PortContext,
  type PortKind,
  parseAddressPort,
  parsePorts,
  type ServerPortFlags,
  splitAddress,
} from './ports/index.ts';
export { quote, quoteIfNeeded, readQuoted } from './quoting.ts';
export { parseRouterSet, parseRouterSetItem, type RouterSetItem } from './routerset.ts';
export {
  findOption,
  listableNames,
  listOwner,
  type OptionName,
  type OptionSpec,
  type OptionType,
  type OptionValue,
  optionNames,
  optionSpec,
  optionTable,
} from './table/index.ts';
export { parseNetwork, type ValidatedOptions, type ValidationContext, validateOptions } from './validate/index.ts';
export { parseScalar, type ScalarType } from './values.ts';
