import { Application } from "@oak/oak";
const app = new Application();
await app.listen({ port: Number(Deno.env.get("PORT") ?? 8000) });
