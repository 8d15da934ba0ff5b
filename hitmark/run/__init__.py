"""One clip: planned, made, recorded, and what is laid beside it."""
