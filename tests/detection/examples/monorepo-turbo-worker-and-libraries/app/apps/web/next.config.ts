export default { async rewrites() { return [{ source: "/api/:p*", destination: "http://localhost:4000/:p*" }] } }
