// The page of the shop: asks the api for the number of visits and shows it.
import http from 'node:http'

const api = process.env.API_URL ?? 'http://api:8000'
const port = process.env.PORT ?? 3000

async function page() {
  const answer = await fetch(api, { signal: AbortSignal.timeout(5000) })
  const { visits } = await answer.json()
  return `<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1><p>Visits: ${Number(visits)}</p></html>\n`
}

const server = http.createServer(async (request, response) => {
  if (request.url === '/health') return response.end('ok\n')
  try {
    const body = await page()
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(body)
  } catch (error) {
    console.error(error)
    response.writeHead(502).end('the api does not answer\n')
  }
})
server.listen(port, '0.0.0.0', () => console.log(`listening on ${port}`))
process.on('SIGTERM', () => server.close())
