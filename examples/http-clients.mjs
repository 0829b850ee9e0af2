// The HTTP clients of others over Tor: they take an agent.
//   node http-clients.mjs [URL]
import axios from 'axios';
import got from 'got';
import { startTor } from './start.mjs';

const [url = 'https://check.torproject.org/api/ip'] = process.argv.slice(2);
const tor = await startTor();
const http = tor.agent();
const https = tor.httpsAgent();

// A proxy from the environment would come before the agent.
const fromAxios = await axios.get(url, { httpAgent: http, httpsAgent: https, proxy: false, responseType: 'text' });
console.log('axios', fromAxios.status, String(fromAxios.data).trim());

const fromGot = await got(url, { agent: { http, https } });
console.log('got', fromGot.statusCode, fromGot.body.trim());

await tor.close();
