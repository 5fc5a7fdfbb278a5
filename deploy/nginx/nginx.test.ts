/**
 * The nginx configuration in the nginx of Debian: it is valid, ends HTTP/2, hides the folder of blobs, and
 * sends what Pandok names with X-Accel-Redirect.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from '../../test/support/free-port.ts'

const NGINX = '/usr/sbin/nginx'
const SHA256 = 'ab'.repeat(32)

describe.skipIf(!existsSync(NGINX) && process.env['CI'] !== 'true')('nginx', () => {
  let folder = ''
  let port = 0
  let nginx: ChildProcess | undefined
  let pandok: Server

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pandok-nginx-'))
    const secure = await freePorts(3)
    const [plain, behind] = [secure + 1, secure + 2]
    port = secure
    for (const area of ['archive', 'derived', 'quarantine']) {
      mkdirSync(join(folder, 'blobs', area, 'ab'), { recursive: true })
      writeFileSync(join(folder, 'blobs', area, 'ab', SHA256), `bytes of ${area}`)
    }
    makeCertificate(folder)
    // The configuration as it is, but for the places of this machine.
    const own = readFileSync(join(import.meta.dirname, 'pandok.conf'), 'utf8')
      .replaceAll('/etc/pandok/tls', folder)
      .replaceAll('/var/lib/pandok/blobs', join(folder, 'blobs'))
      .replaceAll('127.0.0.1:8042', `127.0.0.1:${behind}`)
      .replaceAll('[::]:', '[::1]:')
      .replace(
        /listen (\[::1\]:)?80;/g,
        (_, v6: string | undefined) => `listen ${v6 ?? ''}${plain};`,
      )
      .replace(
        /listen (\[::1\]:)?443 /g,
        (_, v6: string | undefined) => `listen ${v6 ?? ''}${secure} `,
      )
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join('\n')
    const path = join(folder, 'nginx.conf')
    writeFileSync(
      path,
      `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http { access_log off; default_type application/octet-stream;
${temporary}
${own}
}`,
    )
    const checked = spawnSync(NGINX, ['-t', '-q', '-p', folder, '-c', path], { encoding: 'utf8' })
    expect([checked.status, checked.stderr]).toEqual([0, ''])
    pandok = createServer((request, response) => {
      response.setHeader('etag', '"pandok"')
      response.setHeader('content-type', 'application/dicom')
      if (request.url?.startsWith('/accel/') === true) {
        response.setHeader('x-accel-redirect', `/_blobs/${request.url.slice('/accel/'.length)}`)
        response.end()
        return
      }
      let bytes = 0
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      request.on('end', () => {
        const { host, 'x-forwarded-proto': protocol } = request.headers
        response.end(JSON.stringify({ url: request.url, bytes, host, protocol }))
      })
    }).listen(behind, '127.0.0.1')
    nginx = spawn(NGINX, ['-p', folder, '-c', path], { stdio: 'ignore' })
    await untilListening()
  })

  afterAll(async () => {
    if (nginx !== undefined && nginx.exitCode === null) {
      nginx.kill('SIGTERM')
      await once(nginx, 'exit')
    }
    pandok.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function untilListening(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const isThere = await get('/').then(
        () => true,
        () => false,
      )
      if (isThere) return
      await new Promise((wake) => setTimeout(wake, 100))
    }
    throw new Error(readFileSync(join(folder, 'error.log'), 'utf8'))
  }

  /** Over HTTP/2. */
  async function get(path: string, headers: Readonly<Record<string, string>> = {}, body = '') {
    const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    session.on('error', () => undefined)
    try {
      await once(session, 'connect')
      const method = body === '' ? 'GET' : 'POST'
      const stream = session.request({ ':path': path, ':method': method, ...headers })
      if (method === 'POST') stream.end(body)
      const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      return {
        protocol: session.alpnProtocol,
        status: answer[':status'],
        headers: answer,
        body: Buffer.concat(chunks).toString(),
      }
    } finally {
      session.close()
    }
  }

  test('speaks HTTP/2 to the client and passes body and address on', async () => {
    const answer = await get(
      '/dicomweb/studies',
      { ':authority': 'pandok.example.org' },
      'x'.repeat(5e6),
    )
    expect(answer.protocol).toBe('h2')
    expect(JSON.parse(answer.body)).toEqual({
      url: '/dicomweb/studies',
      bytes: 5e6,
      host: 'pandok.example.org',
      protocol: 'https',
    })
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000')
  })

  test.each(['archive', 'derived'])('sends a blob of %s that Pandok names', async (area) => {
    const answer = await get(`/accel/${area}/ab/${SHA256}`)
    expect(answer).toMatchObject({ status: 200, body: `bytes of ${area}` })
    expect(answer.headers).toMatchObject({ 'content-type': 'application/dicom', etag: '"pandok"' })
    expect(answer.headers).not.toHaveProperty('last-modified')
    expect(answer.headers).not.toHaveProperty('x-accel-redirect')
    const part = await get(`/accel/${area}/ab/${SHA256}`, { range: 'bytes=0-4' })
    expect(part).toMatchObject({ status: 206, body: 'bytes' })
  })

  test.each([
    ['a client that names a blob itself', `/_blobs/archive/ab/${SHA256}`, 404],
    ['quarantine', `/accel/quarantine/ab/${SHA256}`, 404],
    ['a way up', `/accel/archive/../quarantine/ab/${SHA256}`, 404],
    ['a blob that there is not', `/accel/archive/ab/${'ac'.repeat(32)}`, 404],
  ])('%s gets nothing', async (_name, path, status) => {
    const answer = await get(path)
    expect(answer.status).toBe(status)
    expect(answer.body).not.toContain('bytes of')
  })
})

function makeCertificate(folder: string): void {
  const made = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-days', '1', '-subj', '/CN=pandok.example.org'],
      ...['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')],
    ],
    { stdio: 'ignore' },
  )
  expect(made.status).toBe(0)
}
