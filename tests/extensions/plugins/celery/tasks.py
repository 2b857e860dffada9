"""An application of Celery, whose tasks the tests submit from TypeScript."""

import os
import time

from celery import Celery

app = Celery("tasks", broker=os.environ["BROKER"], backend=os.environ["RESULTS"])
app.conf.update(worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True)


@app.task(name="finalize")
def finalize(path):
    return {"stored_path": path, "by": "python"}


@app.task(name="describe")
def describe(*args, **kwargs):
    return {"args": args, "kwargs": kwargs, "types": [type(x).__name__ for x in args]}


@app.task(name="echo")
def echo(value):
    return value


@app.task(name="fail")
def fail(reason):
    raise ValueError(reason)


@app.task(name="flaky", bind=True, autoretry_for=(OSError,), max_retries=3, default_retry_delay=0.01)
def flaky(self):
    if self.request.retries < 2:
        raise OSError("not yet")
    return self.request.retries


@app.task(name="slow", bind=True)
def slow(self):
    self.update_state(state="PROGRESS", meta={"done": 1, "of": 2})
    time.sleep(600)


@app.task(name="note")
def note(name, folder, text="x"):
    with open(os.path.join(folder, name), "a") as file:
        file.write(text)
