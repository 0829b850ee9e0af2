export { deprecatedOptions, expandAlias } from './aliases.ts';
export { dumpOptions } from './dump.ts';
export { type ConfigLine, type IncludeReader, parseConfigLines, type ParseLinesOptions } from './lines.ts';
export { nearestName } from './nearest.ts';
export { type AssignOptions, type ConfigMessage, type ReportConfig, TorOptions } from './options.ts';
export { quote, quoteIfNeeded, readQuoted } from './quoting.ts';
export { parseRouterSet, parseRouterSetItem, type RouterSetItem } from './routerset.ts';
export {
  findOption,
  listableNames,
  listOwner,
  type OptionName,
  optionNames,
  optionSpec,
  type OptionSpec,
  optionTable,
  type OptionType,
  type OptionValue,
} from './table/index.ts';
