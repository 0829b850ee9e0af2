export { type ControlArgument, parseArguments, splitWords } from './arguments.ts';
export { CommandReader, type CommandReaderOptions, type ControlCommand } from './command-reader.ts';
export { dataBlock, endReply, linesReply, okReply, valueReply } from './reply.ts';
