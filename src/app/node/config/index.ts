export {
  type ApplySettings,
  Configuration,
  type ConfigurationDeps,
  type ConfigurationEvents,
  type ConfigurationFile,
  type ConfigurationFiles,
  type Settings,
} from './configuration.ts';
export { absolutePath, type DirectoryPaths, directoryPaths } from './paths.ts';
