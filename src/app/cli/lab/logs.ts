import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { TorError } from '../../../base/errors/index.ts';
import type { LabStatus } from '../../lab/index.ts';
import type { ExitCode, ProgramIo } from '../program.ts';

const pieceBytes = 65_536;

async function readFrom(file: FileHandle, position: number, io: ProgramIo): Promise<number> {
  const piece = new Uint8Array(pieceBytes);
  for (;;) {
    const { bytesRead } = await file.read(piece, 0, pieceBytes, position);
    if (bytesRead === 0) return position;
    io.stdout(Buffer.from(piece.subarray(0, bytesRead)).toString('latin1'));
    position += bytesRead;
  }
}

/** Prints a node's log; with `follow` goes on until the program is ended. */
export async function showLog(status: LabStatus, name: string, follow: boolean, io: ProgramIo): Promise<ExitCode> {
  const node = status.nodes.find((candidate) => candidate.name === name);
  if (node === undefined) {
    const names = status.nodes.map((candidate) => candidate.name).join(', ');
    throw new TorError('COMMAND_USAGE', `There is no node ${name}; there are ${names}.`);
  }
  const file = await open(join(node.folder, 'log'));
  try {
    let position = await readFrom(file, 0, io);
    while (follow) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      position = await readFrom(file, position, io);
    }
  } finally {
    await file.close();
  }
  return 0;
}
