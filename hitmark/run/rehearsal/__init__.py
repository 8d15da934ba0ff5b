"""What a clip will take, found without its weights: the stock pipeline runs on tensors that have shapes alone."""

from hitmark.run.rehearsal.estimate import Estimate
from hitmark.run.rehearsal.fitting import Fitted, within
from hitmark.run.rehearsal.rehearse import rehearse
from hitmark.run.rehearsal.room import check_room
from hitmark.run.rehearsal.speed import check_time, duration, multiplications_a_second

__all__ = [
    "Estimate",
    "Fitted",
    "check_room",
    "check_time",
    "duration",
    "multiplications_a_second",
    "rehearse",
    "within",
]
