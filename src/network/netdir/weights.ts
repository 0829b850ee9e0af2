/** The `bandwidth-weights` line of a consensus. An absent weight is -1, as in C tor. spec: dir-spec 3.8.3 */
export type BandwidthWeights = Readonly<Record<BandwidthWeightName, number>>;

export const bandwidthWeightNames = [
  'Wgg',
  'Wgm',
  'Wgd',
  'Wgb',
  'Wmg',
  'Wmm',
  'Wme',
  'Wmd',
  'Wmb',
  'Weg',
  'Wem',
  'Wee',
  'Wed',
  'Web',
  'Wbg',
  'Wbm',
  'Wbe',
  'Wbd',
  'Wdb',
] as const;

export type BandwidthWeightName = (typeof bandwidthWeightNames)[number];
