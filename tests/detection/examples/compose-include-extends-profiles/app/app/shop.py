from flask import Flask
from celery import Celery
app = Flask(__name__)
