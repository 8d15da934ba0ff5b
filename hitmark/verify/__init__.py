"""Whether a model on this machine does what hitmark says, as evidence that can be sent to others."""
