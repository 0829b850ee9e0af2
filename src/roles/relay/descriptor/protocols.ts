/**
 * The subprotocol versions a relay of ours has: nothing but what is really there. The onion circuits' padding machines
 * (Padding=2) are not, and counter galois onion only with `cgo`. Link 3 is history. spec: tor-spec 9
 */
export function supportedProtocols(has: { readonly cgo: boolean }): string {
  const relay = has.cgo ? '2-6' : '2-4';
  return [
    'Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2',
    `Link=4-5 LinkAuth=3 Microdesc=1-3 Relay=${relay}`,
  ].join(' ');
}
