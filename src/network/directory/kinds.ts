import { base16Upper, base64Unpadded } from '../../base/bytes/index.ts';
import type { Microdescriptor } from '../../wire/netdoc/index.ts';
import type { BatchKind } from './batch-downloads.ts';
import type { DescriptorStore } from './descriptor-store.ts';
import type { MicrodescStore } from './microdesc-store.ts';

export function microdescKind(store: MicrodescStore, onAdded: (added: readonly Microdescriptor[]) => void): BatchKind {
  return {
    purpose: 'microdesc',
    name: 'microdesc',
    keyOf: base64Unpadded,
    path: (keys) => `/tor/micro/d/${keys.join('-')}.z`,
    has: (key) => store.has(key),
    noteListed: (keys, validAfterMs) => store.noteListed(keys, validAfterMs),
    take: async (body, keys) => {
      const { added, ...rest } = await store.addDownloaded(body, keys);
      if (added.length > 0) onAdded(added);
      return rest;
    },
  };
}

export function descriptorKind(store: DescriptorStore, onAdded: () => void): BatchKind {
  return {
    purpose: 'descriptor',
    name: 'routerdesc',
    keyOf: base16Upper,
    path: (keys) => `/tor/server/d/${keys.join('+')}.z`,
    has: (key) => store.has(key),
    noteListed: () => undefined,
    take: async (body, keys) => {
      const { added, ...rest } = await store.addDownloaded(body, keys, 'directory');
      if (added > 0) onAdded();
      return rest;
    },
  };
}
