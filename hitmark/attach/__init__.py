"""The one place that knows hooks, schedulers and step clocks.

    with attach(pipe, scene, build("sg-i2v")):
        frames = pipe(image, ...).frames[0]

Inside the block two methods of the pipeline's scheduler object and its `prepare_latents` are wrapped, and the denoiser
gets one pre-hook. `scale_model_input` sees the exact latents of each step, also of the first. The denoiser's pre-hook
has the whole context of the call (conditions, timestep, guidance halves): there the controls edit the latents, and the
network is given the edited ones. `step` then starts from the edited latents. `callback_on_step_end` stays the user's.
After the block the pipeline is as it was: same seed, same bytes.
"""

from hitmark.attach.session import Session, attach

__all__ = ["Session", "attach"]
