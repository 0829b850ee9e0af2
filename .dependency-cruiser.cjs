'use strict';
// The layer rule. scripts/layers.json lists the rooms from the ground up; a file imports its own room and the index.ts
// of rooms listed earlier. The test in test/unit/scripts plants forbidden imports and expects this to find them.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const rooms = JSON.parse(readFileSync(join(__dirname, 'scripts/layers.json'), 'utf8'));

/** Rooms whose files touch sockets, files, other processes or the machine's clock. */
const shellRooms = [
  'base/runtime/node',
  'network/channels',
  'network/pump',
  'network/storage',
  'roles',
  'views',
  'app',
];
/** Rooms that may use a cryptographic library. */
const cryptoRooms = ['crypto', 'base/runtime/node'];

const anyOf = (list) => `(${list.join('|')})`;
const nestedIn = (room) => rooms.filter((other) => other.startsWith(`${room}/`));
const own = (room) =>
  `^src/${room}/${nestedIn(room)
    .map((nested) => `(?!${nested.slice(room.length + 1)}/)`)
    .join('')}`;

const layerRules = rooms.map((room, position) => {
  const lower = rooms.slice(0, position);
  const allowed = lower.length === 0 ? [] : [`^src/${anyOf(lower)}/index\\.ts$`];
  return {
    name: `layer:${room}`,
    comment: 'A file imports its own room and the index.ts of rooms listed earlier in scripts/layers.json.',
    severity: 'error',
    from: { path: own(room) },
    to: { path: '^src/', pathNot: [own(room), ...allowed] },
  };
});

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'front-door',
      comment: 'The public library imports rooms through their index.ts.',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: { path: '^src/', pathNot: ['^src/[^/]+\\.ts$', `^src/${anyOf(rooms)}/index\\.ts$`] },
    },
    {
      name: 'no-cycles',
      comment: 'Type-only imports count.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'one-door-for-cryptography',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/${anyOf(cryptoRooms)}/` },
      to: { path: '^(node:)?crypto$|(^|/)@noble/' },
    },
    {
      name: 'sockets-and-files-in-shells',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/${anyOf(shellRooms)}/` },
      to: {
        path: '^(node:)?(net|tls|fs|fs/promises|dgram|dns|dns/promises|http|https|http2|child_process|cluster|os|readline|repl|timers|timers/promises)$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'sources-stand-alone',
      comment: 'What is shipped imports nothing from tests, benchmarks or scripts.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts|examples|dist)/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-development-dependency',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
