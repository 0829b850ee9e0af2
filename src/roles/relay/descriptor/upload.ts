import { fromBase16, fromLatin1, latin1 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { type IpBytes, parseIp } from '../../../base/ip/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import type { OrEndpoint } from '../../../network/channels/index.ts';
import type { CircuitManager, DirTarget } from '../../../network/circuits/index.ts';
import type { DirAuthority, DirRequest, DirRequester, DirResponse } from '../../../network/directory/index.ts';
import type { OwnDescriptor } from './build.ts';

export interface UploadDeps {
  readonly logger?: Logger | undefined;
  /** A request to a DirPort: `dirPortRequest`, bound. */
  readonly dirPort: (endpoint: OrEndpoint, request: DirRequest) => Promise<DirResponse>;
  /** Over a BEGIN_DIR stream; without them only DirPorts are used. */
  readonly circuits?: Pick<CircuitManager, 'circuitTo'> | undefined;
  readonly dirRequest?: DirRequester | undefined;
}

export interface UploadResult {
  readonly authority: DirAuthority;
  readonly accepted: boolean;
  /** The same descriptor was there already. */
  readonly notNew: boolean;
  readonly status: number | undefined;
  readonly message: string;
  /** Our address as the authority saw it. */
  readonly seenAddress?: { readonly own: IpBytes; readonly from: IpBytes };
}

/**
 * Gives a descriptor to one authority: POST /tor/ to its DirPort in the clear, or over one hop when it has none; a bridge
 * goes through an anonymous circuit. Never rejects. spec: dir-spec 2, 4.1; C tor directory_post_to_dirservers()
 */
export async function uploadDescriptor(
  deps: UploadDeps,
  authority: DirAuthority,
  descriptor: OwnDescriptor,
  options: { readonly reason: string; readonly anonymous: boolean },
): Promise<UploadResult> {
  const request: DirRequest = {
    method: 'POST',
    path: '/tor/',
    headers: { 'X-Desc-Gen-Reason': options.reason },
    body: fromLatin1(descriptor.text + descriptor.extraInfo),
    ...(options.anonymous && { compression: 'identity' as const }),
  };
  try {
    const { response, from } = await send(deps, authority, request, options.anonymous);
    return answered(deps, authority, response, from);
  } catch (error) {
    const message = TorError.from(error).message;
    deps.logger?.info('dir', `Uploading our descriptor to ${authority.nickname} failed: ${message}`);
    return { authority, accepted: false, notNew: false, status: undefined, message };
  }
}

interface Sent {
  readonly response: DirResponse;
  /** Undefined when the authority did not see us. */
  readonly from: IpBytes | undefined;
}

async function send(deps: UploadDeps, authority: DirAuthority, request: DirRequest, anonymous: boolean): Promise<Sent> {
  const special = authority.endpoints?.find(({ usage }) => usage === 'upload');
  const address = parseIp(special?.address ?? authority.address);
  const port = special?.dirPort ?? authority.dirPort;
  if (!anonymous && address !== undefined && port !== 0) {
    return { response: await deps.dirPort({ address, port }, request), from: address };
  }
  const { circuits, dirRequest } = deps;
  if (circuits === undefined || dirRequest === undefined)
    throw new TorError('CONNECT_FAILED', 'no way to the authority');
  const circuit = await circuits.circuitTo('dir', orTarget(authority), anonymous ? {} : { oneHop: true });
  return { response: await dirRequest(circuit, request), from: anonymous ? undefined : address };
}

function orTarget({ nickname, fingerprint, address, orPort, ipv6 }: DirAuthority): DirTarget {
  const endpoint = (text: string, port: number): OrEndpoint[] => {
    const parsed = parseIp(text);
    return parsed === undefined || port === 0 ? [] : [{ address: parsed, port }];
  };
  return {
    nickname,
    identity: { rsa: fromBase16(fingerprint) },
    addresses: [...endpoint(address, orPort), ...(ipv6 === undefined ? [] : endpoint(ipv6.address, ipv6.orPort))],
  };
}

function answered(
  deps: UploadDeps,
  authority: DirAuthority,
  response: DirResponse,
  from: IpBytes | undefined,
): UploadResult {
  const { status, reason, headers } = response;
  const notNew = headers.get('x-descriptor-not-new') === 'Yes';
  const seen = parseIp(headers.get('x-your-address-is') ?? '');
  const detail = latin1(response.body.subarray(0, 200)).trim();
  const common = { authority, notNew, status, message: detail === '' ? reason : `${reason}: ${detail}` };
  if (status === 200)
    deps.logger?.info('dir', `Authority ${authority.nickname} took our descriptor${notNew ? ' (not new)' : ''}`);
  else if (status === 400) {
    deps.logger?.warn(
      'dir',
      `http status 400 ("${reason}") response from dirserver ${authority.nickname}. Please correct.`,
    );
  } else {
    deps.logger?.warn(
      'dir',
      `HTTP status ${status} ("${reason}") was unexpected while uploading descriptor to server ${authority.nickname}. ` +
        'Possibly the server is misconfigured?',
    );
  }
  return {
    ...common,
    accepted: status === 200,
    ...(seen !== undefined && from !== undefined && { seenAddress: { own: seen, from } }),
  };
}
