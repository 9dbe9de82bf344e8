from fastapi import FastAPI
import uvicorn
app = FastAPI()
def start():
    uvicorn.run("shelf.main:app", host="0.0.0.0", port=8010)
