const server = Bun.serve({ port: process.env.PORT || 3100, fetch() { return new Response("hi"); } });
