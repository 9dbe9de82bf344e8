import os

import redis

queue = redis.from_url(os.environ["REDIS_URL"])
while True:
    print(queue.blpop("jobs"))
