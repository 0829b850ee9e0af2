import { readFile } from 'node:fs/promises';
import type { Logger } from '../../../base/log/index.ts';
import { GeoIp, RouterSet } from '../../../network/netdir/index.ts';
import type { OptionName, TorOptions } from '../../../wire/torrc/index.ts';

const setOptions = [
  'EntryNodes',
  'ExitNodes',
  'MiddleNodes',
  'ExcludeNodes',
  'ExcludeExitNodes',
  'HSLayer2Nodes',
  'HSLayer3Nodes',
] as const satisfies readonly OptionName[];

/** The options that name relays, ready for use; undefined where none is named. */
export interface RouterSets {
  readonly entry: RouterSet | undefined;
  readonly exit: RouterSet | undefined;
  readonly middle: RouterSet | undefined;
  readonly exclude: RouterSet | undefined;
  readonly excludeExit: RouterSet | undefined;
  readonly layer2: RouterSet | undefined;
  readonly layer3: RouterSet | undefined;
  readonly families: readonly RouterSet[];
}

/** Reads them, and the geoip files when a country is named. Throws BAD_ROUTERSET. */
export async function routerSets(options: TorOptions, log: Logger): Promise<RouterSets> {
  const families = options.lines('NodeFamily');
  const namesCountry = [...setOptions.flatMap((name) => options.lines(name)), ...families].some((text) =>
    text.includes('{'),
  );
  const lookup = { geoip: namesCountry ? await loadGeoIp(options, log) : undefined };
  const read = (name: (typeof setOptions)[number]): RouterSet | undefined => {
    const lines = options.lines(name);
    return lines.length === 0 ? undefined : RouterSet.parse(lines.join(','), lookup);
  };
  return {
    entry: read('EntryNodes'),
    exit: read('ExitNodes'),
    middle: read('MiddleNodes'),
    exclude: read('ExcludeNodes'),
    excludeExit: read('ExcludeExitNodes'),
    layer2: read('HSLayer2Nodes'),
    layer3: read('HSLayer3Nodes'),
    families: families.map((line) => RouterSet.parse(line, lookup)),
  };
}

async function loadGeoIp(options: TorOptions, log: Logger): Promise<GeoIp | undefined> {
  const read = async (path: string | undefined): Promise<string | undefined> => {
    if (path === undefined) return undefined;
    try {
      return await readFile(path, 'latin1');
    } catch {
      log.warn('general', `Failed to open GEOIP file ${path}. Countries named in the configuration match no relay.`);
      return undefined;
    }
  };
  const ipv4 = await read(options.get('GeoIPFile'));
  const ipv6 = await read(options.get('GeoIPv6File'));
  return ipv4 === undefined && ipv6 === undefined ? undefined : new GeoIp(ipv4, ipv6);
}
