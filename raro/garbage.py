"""When Python looks for circles of objects that nobody holds any more: not while much is made that stays."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for none inside: each look walks over all that was made so far, to find that it is still in use."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def loading() -> Iterator[None]:
    """Look for none inside, nor ever among what was made: modules stay.

    Of what they leave one object in 200 is garbage, and that stays, too. When the process ends everything is looked
    through after all, or DuckDB's types would be reported as leaked.
    """
    with uncollected():
        yield
        gc.freeze()
        atexit.unregister(gc.unfreeze)
        atexit.register(gc.unfreeze)
