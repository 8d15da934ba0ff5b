"""Pure tensor functions: tensors in, tensors out. Nothing here knows a pipeline, a hook or a scene."""
