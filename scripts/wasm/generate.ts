// Writes the WebAssembly module of relay cell encryption as a TypeScript file: node --import tsx scripts/wasm/generate.ts
import { writeFileSync } from 'node:fs';
import { moduleText } from './module.ts';

writeFileSync(new URL('../../src/crypto/relaycell/module.ts', import.meta.url), moduleText());
