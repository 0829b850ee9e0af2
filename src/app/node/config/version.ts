/** The C tor whose protocol, options and words this program has: what the network and controllers are told. */
export const torVersion = '0.4.9.11';

/** This program's own version; the same as in package.json. */
export const programVersion = '0.1.0';

/** Where C tor puts the commit it was built from: `0.4.9.11 (tropea-0.1.0)`. Parsers of Tor versions know the form. */
export const fullVersion = `${torVersion} (tropea-${programVersion})`;
