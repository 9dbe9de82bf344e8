import os, redis
def main():
    r = redis.from_url(os.environ["REDIS_URL"])
