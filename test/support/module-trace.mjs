// node --import test/support/module-trace.mjs FILE: prints "loaded URL" on standard error for every file that is loaded.
import { register } from 'node:module';

const hook = `export async function load(url, context, next) {
  if (url.startsWith('file:')) process._rawDebug('loaded ' + url);
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
