// Where the examples run: in the public network, or with LAB=name in the one that `tropea lab up --name name` started.
import { Tor } from 'tropea';
import { TestNetwork } from 'tropea/testing';

export async function startTor(options = {}) {
  const { LAB } = process.env;
  const network = LAB === undefined ? {} : { network: await TestNetwork.attach(LAB) };
  const onProgress = ({ percent, summary }) => console.error(`${percent}% ${summary}`);
  return await Tor.start({ onProgress, ...network, ...options });
}

/** Resolves at Ctrl-C. */
export const interrupted = () => new Promise((resolve) => process.once('SIGINT', resolve));
