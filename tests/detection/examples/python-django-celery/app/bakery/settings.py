import environ
env = environ.Env()
SECRET_KEY = env("SECRET_KEY")
DATABASES = {"default": env.db("DATABASE_URL")}
CELERY_BROKER_URL = env("REDIS_URL")
INSTALLED_APPS = ["orders"]
