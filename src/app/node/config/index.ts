export { Configuration, type ConfigurationFile } from './configuration.ts';
export { absolutePath, directoryPaths } from './paths.ts';
