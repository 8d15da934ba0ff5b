"""What a clip will take, found without its weights: the stock pipeline runs on tensors that have shapes alone."""

from hitmark.run.rehearsal.rehearse import Estimate, rehearse
from hitmark.run.rehearsal.within import Fitted, within

__all__ = ["Estimate", "Fitted", "rehearse", "within"]
