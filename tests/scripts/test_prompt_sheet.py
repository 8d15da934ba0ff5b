from __future__ import annotations

import numpy as np

from scripts.prompt_sheet import COLUMNS, LINE, SCALE, SHOWN, sheet


def test_the_sheet_shows_first_middle_and_last_frame_of_every_clip() -> None:
    frames = np.zeros((8, 16, 24, 3), dtype=np.uint8)
    frames[:] = (np.arange(8) * 30)[:, None, None, None]
    made = np.asarray(sheet([("a cat on grass", frames)] * (COLUMNS + 1)))
    assert made.shape == (2 * (16 * SCALE + LINE), COLUMNS * (SHOWN * 24 * SCALE + 8), 3)
    shown = [made[2, place * 24 * SCALE + 2, 0] for place in range(SHOWN)]
    assert shown == [0, 120, 210]
    assert (made[16 * SCALE : 16 * SCALE + LINE, : 24 * SCALE * SHOWN] < 128).any(), "the prompt is written below"
    assert (made[16 * SCALE + LINE + 2, 24 * SCALE * SHOWN + 8 :] == 255).all(), "empty places stay white"
