import { fromLatin1 } from '../../base/bytes/index.ts';

const html = (title: string, heading: string, advice: string): string =>
  `<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${heading}</h1>\n<p>\n${advice}\n</p>\n</body>\n</html>\n`;

/** What a browser sees that was told to use a SocksPort as an HTTP proxy. C tor ends it with a zero byte; we do not. */
export function notAnHttpProxyPage(): Uint8Array {
  const page = html(
    'This is a SOCKS Proxy, Not An HTTP Proxy',
    'This is a SOCKS proxy, not an HTTP proxy.',
    'Your browser uses this port as an HTTP proxy, but it speaks SOCKS. Enter it as a SOCKS5 proxy,\n' +
      'or open an HTTP tunnel with the option HTTPTunnelPort and enter that one.',
  );
  return fromLatin1(
    `HTTP/1.0 501 Tor is not an HTTP Proxy\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n${page}`,
  );
}

/** What a browser sees that sends plain HTTP requests to an HTTPTunnelPort. */
export function notAFullHttpProxyPage(): string {
  return html(
    'This is an HTTP CONNECT tunnel, not a full HTTP Proxy',
    'This is an HTTP CONNECT tunnel, not an HTTP proxy.',
    'Your browser uses this port as a plain HTTP proxy, but it only opens tunnels with HTTP CONNECT.\n' +
      'Enter it as the proxy for HTTPS, or ask for the page with https://.',
  );
}
