"""The one place that knows hooks, schedulers and step clocks.

    with attach(pipe, scene, build("sg-i2v")):
        frames = pipe(image, ...).frames[0]

Inside the block the scheduler's `step`, and the pipeline's `check_inputs`, `encode_prompt` and `prepare_latents`, have
something around them on these objects; each denoiser has one pre-hook, and something around its `cache_context` and,
for controls of attention, around the `forward` of its attention layers. The latents of a step are those that
`prepare_latents` or `step` gave last. The denoiser's pre-hook has the whole context of the call (conditions, timestep,
branches of guidance): there the controls edit the latents, and every call of that step is given the edited ones, from
which `step` then starts.
`callback_on_step_end` stays the user's. After the block the pipeline is as it was: same seed, same bytes.
"""

from hitmark.hooks.session import Session, attach

__all__ = ["Session", "attach"]
