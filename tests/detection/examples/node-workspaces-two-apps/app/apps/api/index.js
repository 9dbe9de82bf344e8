require("fastify")().listen({ port: process.env.PORT || 8081, host: "0.0.0.0" });
