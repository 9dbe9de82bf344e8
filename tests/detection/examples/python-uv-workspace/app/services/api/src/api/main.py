from fastapi import FastAPI
import os
app = FastAPI()
url = os.environ["DATABASE_URL"]
@app.get("/healthz")
def ok():
    return {}
