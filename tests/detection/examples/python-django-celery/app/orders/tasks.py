from celery import shared_task
@shared_task
def bake():
    return 1
