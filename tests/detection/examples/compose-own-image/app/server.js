require("http").createServer((_, answer) => answer.end("pads")).listen(9001);
