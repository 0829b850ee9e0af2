export {
  decodeLinkSpecifier,
  decodeLinkSpecifiers,
  encodeLinkSpecifiers,
  identityOf,
  type LinkSpecifier,
  LinkSpecifierType,
  type RelayIdentity,
  writeLinkSpecifier,
} from './linkspec.ts';
