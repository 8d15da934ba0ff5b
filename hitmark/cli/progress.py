"""Progress on stderr: one bar with ETA for everything long, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def step_bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function (done, total) that moves a progress bar; the bar appears with the first step."""
    from tqdm import tqdm

    bar = tqdm(total=None, desc=description, unit="step", mininterval=0.2, leave=True)

    def moved(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield moved
    finally:
        bar.close()


def silence_libraries() -> None:
    """Switch off the loading bars and hints of diffusers and transformers; their errors still come."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()
