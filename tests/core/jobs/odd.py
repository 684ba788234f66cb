"""A kind of job for tests that ends in every odd way."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.jobs import JobContext


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """Do what `request["how"]` says."""
    how = request["how"]
    if how == "sentence":
        raise InvalidInput("The file a.txt is empty; choose another one.")
    if how == "bug":
        raise KeyError("nobody should read sk-abcdefgh12345678 here")
    if how == "memory":
        raise MemoryError
    if how == "disk":
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"x")
    if how == "exit":
        os._exit(3)
    if how == "numbers":
        for step, value in enumerate([1.0, math.nan, math.inf, 0.5]):
            job.metric("loss", step, value)
        return {"last": math.nan, "first": 1.0}
    if how == "partial":
        job.partial({"attempts": [*job.previous.get("attempts", []), job.attempt]})
        if job.attempt < 3:
            raise InvalidInput(f"Attempt {job.attempt} is not enough.")
        return {"previous": job.previous}
    if how == "environment":
        return {"names": sorted(os.environ), "home": os.environ["LOUPE_HOME"], "cwd": os.getcwd()}
    if how == "print":
        for number in range(request["lines"]):
            print(f"line {number} {'x' * 90}")
        return {}
    if how == "full store":
        _fill()
        job.partial({"much": "x" * 3_000_000})
        return {"much": "x" * 3_000_000}
    if how == "gate":
        while not Path(request["file"]).exists():
            job.check()
            time.sleep(0.02)
        return {"at": time.time()}
    raise AssertionError(how)


def _fill() -> None:
    """The database may not grow any more: what SQLite says then is what it says of a full disk."""
    from core.store.database import get_database

    database = get_database()
    with database.read() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar()
    from sqlalchemy import Engine, event

    @event.listens_for(Engine, "connect")
    def _limit(connection: Any, record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    database.close()
