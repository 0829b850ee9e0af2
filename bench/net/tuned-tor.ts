import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Implementation, NodeOptions } from '../../src/app/lab/index.ts';

/** Sets TCP_NODELAY on every TCP socket that a program makes or accepts. */
const source = `#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
static void plain(int fd) { int on = 1; if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); }
int socket(int domain, int type, int protocol) {
  static int (*next)(int, int, int);
  if (!next) next = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
  int fd = next(domain, type, protocol);
  if (domain == AF_INET || domain == AF_INET6) plain(fd);
  return fd;
}
int accept4(int s, struct sockaddr *a, socklen_t *n, int flags) {
  static int (*next)(int, struct sockaddr *, socklen_t *, int);
  if (!next) next = (int (*)(int, struct sockaddr *, socklen_t *, int))dlsym(RTLD_NEXT, "accept4");
  int fd = next(s, a, n, flags);
  plain(fd);
  return fd;
}
`;

export interface TunedTor extends Pick<NodeOptions, 'torrc'> {
  readonly implementation: Implementation;
  /** TCP_NODELAY could be forced: there is a C compiler. */
  readonly noDelay: boolean;
}

/**
 * C tor as fast as it can be told to be: no KIST scheduler, which waits for ticks, and TCP_NODELAY where a C compiler
 * lets us force it.
 */
export function tunedTor(folder: string): TunedTor {
  const torrc = ['Schedulers Vanilla'];
  const program = process.env.TROPEA_LAB_TOR ?? 'tor';
  const library = join(folder, 'nodelay.so');
  try {
    writeFileSync(join(folder, 'nodelay.c'), source);
    execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, join(folder, 'nodelay.c'), '-ldl'], {
      stdio: 'ignore',
    });
  } catch {
    return { torrc, implementation: { name: 'tuned', command: [program] }, noDelay: false };
  }
  const command = ['env', `LD_PRELOAD=${library}`, program];
  return { torrc, implementation: { name: 'tuned', command }, noDelay: true };
}
