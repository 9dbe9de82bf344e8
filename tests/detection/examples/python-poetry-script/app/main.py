import os
from http.server import HTTPServer, SimpleHTTPRequestHandler

port = int(os.environ.get("PORT", "8123"))
HTTPServer(("0.0.0.0", port), SimpleHTTPRequestHandler).serve_forever()
