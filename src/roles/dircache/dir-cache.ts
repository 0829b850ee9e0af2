import type { Logger } from '../../base/log/index.ts';
import type { Clock } from '../../base/runtime/index.ts';
import { busy, type DirAnswer, hasContent, notFound } from './answer.ts';
import { Compressed } from './compressed.ts';
import { consensusAnswer } from './consensus-answer.ts';
import type { Asker, DirContent, DirHooks } from './content.ts';
import {
  bandwidthAnswer,
  bridgesAnswer,
  descriptorAnswer,
  type HandlerInput,
  keysAnswer,
  microdescAnswer,
  onionAnswer,
  voteAnswer,
} from './document-answers.ts';
import { acceptedEncodings } from './negotiate.ts';
import type { ServerRequest } from './request.ts';

export interface DirCacheDeps {
  readonly clock: Clock;
  readonly content: DirContent;
  readonly hooks: DirHooks;
  readonly logger?: Logger | undefined;
}

export interface DirCacheOptions {
  /** A bridge: takes no uploads and serves no extra-infos. */
  readonly bridge?: boolean;
  /** DirPortFrontPage, HTML. */
  readonly frontPage?: string;
  /** True when sending this many bytes now would hurt circuits: 503. */
  readonly isBandwidthLow?: (bytes: number) => boolean;
}

type Handler = (input: HandlerInput) => DirAnswer;

const robots = 'User-agent: *\r\nDisallow: /\r\n';

/** Decides what a request is answered with; knows nothing of connections. C tor dircache.c. spec: dir-spec 4, 6.2 */
export class DirCache {
  readonly #deps: DirCacheDeps;
  readonly #options: DirCacheOptions;
  readonly #compressed = new Compressed();
  readonly #exact: ReadonlyMap<string, Handler>;
  readonly #prefixes: readonly (readonly [string, Handler])[];

  constructor(deps: DirCacheDeps, options: DirCacheOptions = {}) {
    this.#deps = deps;
    this.#options = options;
    this.#exact = new Map<string, Handler>([
      ['/tor/', () => this.#frontPage()],
      ['/tor/status-vote/next/bandwidth', bandwidthAnswer],
      ['/tor/robots.txt', () => page(robots, 'text/plain', 86_400)],
      ['/tor/networkstatus-bridges', bridgesAnswer],
    ]);
    this.#prefixes = [
      ['/tor/status-vote/current/consensus', (input) => this.#consensus(input)],
      ['/tor/status-vote/current/', voteAnswer],
      ['/tor/status-vote/next/', voteAnswer],
      ['/tor/micro/d/', microdescAnswer],
      ['/tor/server/', (input) => descriptorAnswer(input, 'server')],
      ['/tor/extra/', (input) => (options.bridge === true ? notFound : descriptorAnswer(input, 'extra'))],
      ['/tor/keys/', keysAnswer],
      ['/tor/hs/3/', onionAnswer],
    ];
  }

  /** A document that many will ask for is compressed ahead. */
  prepare(text: string): void {
    this.#compressed.prepare(text);
  }

  answer(request: ServerRequest, asker: Asker): DirAnswer | Promise<DirAnswer> {
    return request.method === 'GET' ? this.#get(request, asker) : this.#post(request, asker);
  }

  #get(request: ServerRequest, asker: Asker): DirAnswer {
    if (request.path === '') return { status: 400, reason: 'Bad request' };
    const isCompressed = request.path.length > 2 && request.path.endsWith('.z');
    const path = isCompressed ? request.path.slice(0, -2) : request.path;
    const handler = this.#exact.get(path) ?? this.#prefixes.find(([prefix]) => path.startsWith(prefix))?.[1];
    if (handler === undefined) return notFound;
    const { content, hooks, clock } = this.#deps;
    const accepted = acceptedEncodings(request.headers.get('accept-encoding'), isCompressed);
    const answer = handler({ path, request, accepted, asker, nowMs: clock.now(), content, hooks });
    const isLow = hasContent(answer) && path !== '/tor/' && this.#options.isBandwidthLow?.(answer.estimate) === true;
    return isLow ? busy : answer;
  }

  #consensus({ path, request, accepted, nowMs, content }: HandlerInput): DirAnswer {
    return consensusAnswer({ content, compressed: this.#compressed }, path, request, accepted, nowMs);
  }

  #frontPage(): DirAnswer {
    const { frontPage } = this.#options;
    return frontPage === undefined ? notFound : page(frontPage, 'text/html', 1200);
  }

  async #post(request: ServerRequest, asker: Asker): Promise<DirAnswer> {
    const { hooks } = this.#deps;
    if (this.#options.bridge === true) return { status: 503, reason: 'Not acting as a public relay' };
    if (request.path === '') return { status: 400, reason: 'Bad request' };
    if (request.path.startsWith('/tor/hs/')) return this.#publish(request, asker);
    if (hooks.post === undefined) {
      return { status: 400, reason: 'Nonauthoritative directory does not accept posted server descriptors' };
    }
    const answer = await hooks.post(request.path, request.body, asker);
    if (answer === undefined) return notFound;
    if (answer.status === 200 && answer.headers !== undefined) return { status: 200, bareHeaders: answer.headers };
    return { status: answer.status, reason: answer.message.replace(/[\r\n]/g, ' ') };
  }

  /** spec: rend-spec-v3 2.2.6 */
  #publish({ path, body }: ServerRequest, asker: Asker): DirAnswer {
    if (!asker.anonymous) return { status: 503, reason: 'Rejecting single hop HS descriptor post' };
    try {
      const { hsDir } = this.#deps.hooks;
      if (!/^\/tor\/hs\/3\/publish/.test(path) || hsDir === undefined) return rejected;
      hsDir.put(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'));
      return { status: 200, reason: 'HS descriptor stored successfully.' };
    } catch (error) {
      this.#deps.logger?.info('dirserv', `An uploaded onion service descriptor is refused: ${String(error)}`);
      return rejected;
    }
  }
}

const rejected: DirAnswer = { status: 400, reason: 'Invalid HS descriptor. Rejected.' };

function page(text: string, type: string, lifetimeSec: number): DirAnswer {
  const bytes = Buffer.from(text, 'utf8');
  return {
    status: 200,
    parts: [bytes],
    type,
    encoding: 'identity',
    length: bytes.length,
    lifetimeSec,
    estimate: bytes.length,
  };
}
