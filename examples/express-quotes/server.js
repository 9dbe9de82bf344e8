import express from 'express'

const quotes = [
  'Simple things should be simple.',
  'Make it work, make it right, make it fast.',
  'The cheapest code is the code you did not write.',
]
const app = express()
const port = process.env.PORT ?? 3000

app.get('/', (request, response) => {
  const quote = quotes[Math.floor(Math.random() * quotes.length)]
  response.json({ app: 'Express quotes', quote })
})
app.get('/health', (request, response) => response.json({ status: 'ok' }))

const server = app.listen(port, '0.0.0.0', () => console.log(`listening on ${port}`))
process.on('SIGTERM', () => server.close())
