import express from "express";

const app = express();
app.get("/", (_, answer) => answer.send("hello"));
app.listen(Number(process.env.PORT ?? 3000));
