/**
 * What the benches of the archive share: an installation with files in it, nginx (Debian) over the same
 * ones, and a load generator.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePorts } from '../support/free-port.ts'
import { type OutsideServer, untilServing } from '../support/outside-server.ts'

export { type Archive, startArchive } from '../support/archive-installation.ts'

const NGINX = '/usr/sbin/nginx'

export const hasNginx = existsSync(NGINX)

/** Serves `files` at /static, `blobs` to whoever hands them over at /_blobs, and asks `upstream` for the rest. */
export async function startNginx(
  folder: string,
  { files, blobs, upstream }: { files: string; blobs: string; upstream: string },
): Promise<OutsideServer> {
  const port = await freePorts(1)
  await mkdir(folder, { recursive: true })
  for (const each of [folder, files]) await chmod(each, 0o755)
  const config = join(folder, 'nginx.conf')
  await writeFile(
    config,
    `user root; worker_processes 2; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  open_file_cache max=10000 inactive=60s;
  upstream pandok { server ${upstream.replace('http://', '')}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    location /static/ { alias ${files}/; }
    location /_blobs/ { internal; alias ${blobs}/; etag off; add_header ETag $upstream_http_etag; }
    location / { proxy_pass http://pandok; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; }
  }
}
`,
  )
  return await untilServing(spawn(NGINX, ['-c', config], { stdio: 'ignore' }), {
    url: `http://127.0.0.1:${port}`,
    probe: '/static/',
  })
}

/** Answers of 200 a second: each connection asks for the next path as soon as it has the one before. */
export async function load(
  url: string,
  paths: readonly string[],
  options: { connections: number; seconds: number; headers: Record<string, string> },
): Promise<{ perSecond: number; bytes: number }> {
  const { hostname, port } = new URL(url)
  const lines = Object.entries({ host: `${hostname}:${port}`, ...options.headers })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const requests = paths.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\n${head}\r\n`))
  const end = performance.now() + options.seconds * 1000
  let next = 0
  let done = 0
  let bytes = 0
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true })
      let left = -1
      let isChunked = false
      const ask = () => {
        if (performance.now() >= end) {
          socket.destroy()
          resolve()
          return
        }
        left = -1
        socket.write(requests[next++ % requests.length] ?? '')
      }
      socket.once('connect', ask)
      socket.once('error', reject)
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        let body = chunk
        if (left < 0) {
          const at = chunk.indexOf('\r\n\r\n')
          const text = chunk.subarray(0, at).toString('latin1')
          if (at < 0 || !text.startsWith('HTTP/1.1 200')) {
            reject(new Error(`not a whole answer of 200: ${text.slice(0, 60)}`))
            return
          }
          isChunked = /transfer-encoding: chunked/i.test(text)
          left = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.MAX_SAFE_INTEGER)
          body = chunk.subarray(at + 4)
        }
        left -= body.length
        const isWhole = isChunked ? body.subarray(-5).equals(LAST_CHUNK) : left <= 0
        if (!isWhole) return
        done += 1
        ask()
      })
    })
  const start = performance.now()
  await Promise.all(Array.from({ length: options.connections }, one))
  return { perSecond: done / ((performance.now() - start) / 1000), bytes }
}
const LAST_CHUNK = Buffer.from('0\r\n\r\n')

export async function medianMs(rounds: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = -3; round < rounds; round++) {
    const start = performance.now()
    await work()
    if (round >= 0) times.push(performance.now() - start)
  }
  return times.sort((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Seconds of each measurement; fewer only show that it works. */
export const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5)
