const express = require("express");

const app = express();
const url = process.env.DATABASE_URL;
app.get("/health", (_, res) => res.send("ok"));
app.listen(process.env.PORT || 4000);
