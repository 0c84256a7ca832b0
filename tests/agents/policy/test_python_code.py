"""Reading programs in several threads at once, as side by side agents make it happen."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from raro.agents.policy.python_code import usage_of


class Circle:
    """Garbage whose end runs a little Python, so that another thread may come to run in the middle of anything."""

    def __init__(self) -> None:
        self.myself = self

    def __del__(self) -> None:
        for _ in range(50):
            pass


@pytest.fixture
def littered() -> Iterator[None]:
    """Collections all the time, each with something to do, and threads that change as often as they can."""
    interval, threshold, stop = sys.getswitchinterval(), gc.get_threshold(), threading.Event()

    def litter() -> None:
        while not stop.is_set():
            Circle()
            time.sleep(0)

    thread = threading.Thread(target=litter)
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    thread.start()
    yield
    stop.set()
    thread.join()
    gc.set_threshold(*threshold)
    sys.setswitchinterval(interval)


def read_many(thread: int) -> int:
    programs = (
        f"x{thread}_{n} = " + " + ".join(f"f(a[{m}], b={{'k': [1, {m}]}})" for m in range(20)) for n in range(300)
    )
    return sum("f" in usage_of(program).names for program in programs)


@pytest.mark.usefixtures("littered")
def test_threads_read_programs_side_by_side() -> None:
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(read_many, range(3))) == [300] * 3
