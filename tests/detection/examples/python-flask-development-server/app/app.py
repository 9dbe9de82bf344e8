import os

from flask import Flask

app = Flask(__name__)
SECRET = os.environ["SECRET_KEY"]


@app.get("/")
def index():
    return "hello"
