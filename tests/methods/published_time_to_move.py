"""The loop of Time-to-Move, written out by hand for three families from what is published of it; slow and plain.

What a stock pipeline feeds its network besides the latents is recorded in a first run of it; then the loop is run here,
with the scheduler's own `step` and `add_noise`, and with step indices, where our method has noise shares.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F


def recorded(pipe: Any, call: dict[str, Any]) -> tuple[list[dict[str, Any]], torch.Tensor, torch.Tensor]:
    """Arguments of the network at the first step, the pipeline's own start latents, and the fixed noise after them."""
    network = getattr(pipe, "transformer", None) or pipe.unet
    arguments: list[dict[str, Any]] = []
    drawn: list[torch.Tensor] = []
    forward, prepare = network.forward, pipe.prepare_latents

    def seen(*args: Any, **kwargs: Any) -> Any:
        names = ("sample", "timestep", "encoder_hidden_states", "added_time_ids")
        arguments.append(dict(zip(names, args, strict=False)) | kwargs)
        return forward(*args, **kwargs)

    def prepared(*args: Any, **kwargs: Any) -> Any:
        result = prepare(*args, **kwargs)
        own = result[0] if isinstance(result, tuple) else result
        drawn.extend([own, torch.randn(own.shape, generator=call["generator"])])
        return result

    class Enough(Exception):
        pass

    def stop(*_args: Any, **_kwargs: Any) -> Any:
        raise Enough

    pipe.prepare_latents, network.forward, pipe.scheduler.step = prepared, seen, stop
    try:
        pipe(**call)
    except Enough:
        pass
    finally:
        del pipe.prepare_latents, network.forward, pipe.scheduler.step
    return arguments, drawn[0], drawn[1]


def encoded(pipe: Any, video: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """A video (frames, 3, rows, columns), 0..1, as model latents in the pipeline's order; means in place of samples."""
    pixels = F.interpolate(video, size=(height, width), mode="bicubic", align_corners=True) * 2 - 1
    vae, kind = pipe.vae, type(pipe).__name__
    if kind == "StableVideoDiffusionPipeline":
        return vae.encode(pixels).latent_dist.mode()[None] * vae.config.scaling_factor
    latents = vae.encode(pixels.transpose(0, 1)[None]).latent_dist.mode()
    if kind.startswith("CogVideoX"):
        return (latents * vae.config.scaling_factor).permute(0, 2, 1, 3, 4)
    mean, deviation = (
        torch.tensor(each).view(1, -1, 1, 1, 1) for each in (vae.config.latents_mean, vae.config.latents_std)
    )
    return (latents - mean) / deviation


def latent_mask(pipe: Any, mask: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """A mask (frames, rows, columns) in 0..1 on the latents' grid, to be multiplied with them."""
    sized = (F.interpolate(mask[:, None], size=(height, width), mode="nearest") > 0.5).float()
    kind = type(pipe).__name__
    if kind != "StableVideoDiffusionPipeline":
        sized = torch.cat([sized[:1], sized[1::4]])
    cells = F.interpolate(sized, size=(height // 8, width // 8), mode="nearest")
    return cells.transpose(0, 1)[None] if kind.startswith("Wan") else cells[None]


@torch.no_grad()
def published(
    pipe: Any, call: dict[str, Any], video: torch.Tensor, mask: torch.Tensor, weak: int, strong: int
) -> torch.Tensor:
    """The final latents; `weak` and `strong`: indices of steps, `weak` = -1: the pipeline's own start latents."""
    arguments, latents, noise = recorded(pipe, call)
    height, width, kind = call["height"], call["width"], type(pipe).__name__
    reference = encoded(pipe, video, height, width)
    meant = latent_mask(pipe, mask, height, width)
    scheduler, axis = pipe.scheduler, 1 if kind.startswith("Wan") else 2
    scheduler.set_timesteps(call["num_inference_steps"])
    timesteps, old = scheduler.timesteps, None
    if weak >= 0:
        latents = _noised(scheduler, reference, noise, weak)
    for place, index in enumerate(range(max(weak, 0), len(timesteps))):
        time = timesteps[index]
        outputs = [_output(pipe, each, latents, time, axis) for each in arguments]
        guidance = pipe._guidance_scale
        cond, uncond = (outputs[0], outputs[1]) if axis == 1 else (outputs[0][1:], outputs[0][:1])
        output = uncond + guidance * (cond - uncond)
        if type(scheduler).__name__ == "CogVideoXDPMScheduler":
            back = timesteps[place - 1] if place > 0 else None
            latents, old = scheduler.step(
                output, old, time, back, latents, generator=call["generator"], return_dict=False
            )
        else:
            latents = scheduler.step(output, time, latents, return_dict=False)[0]
        if index < strong:
            latents = latents * (1 - meant) + _noised(scheduler, reference, noise, index + 1) * meant
    return latents


def _noised(scheduler: Any, reference: torch.Tensor, noise: torch.Tensor, index: int) -> torch.Tensor:
    if type(scheduler).__name__ == "FlowMatchEulerDiscreteScheduler":  # has no `add_noise`
        sigma = scheduler.sigmas[index]
        return (1 - sigma) * reference + sigma * noise
    return scheduler.add_noise(reference, noise, scheduler.timesteps[index : index + 1])


def _output(pipe: Any, arguments: dict[str, Any], latents: torch.Tensor, time: torch.Tensor, axis: int) -> torch.Tensor:
    """The network on other latents at another time, else as recorded."""
    name = "sample" if "sample" in arguments else "hidden_states"
    before = arguments[name]
    fed = pipe.scheduler.scale_model_input(latents, time) if axis == 2 else latents
    fed = torch.cat([fed] * (before.shape[0] // fed.shape[0]))
    fed = torch.cat([fed, before.narrow(axis, fed.shape[axis], before.shape[axis] - fed.shape[axis])], dim=axis)
    network = getattr(pipe, "transformer", None) or pipe.unet
    boundary = pipe.config.get("boundary_ratio")
    if boundary is not None and time < boundary * pipe.scheduler.config.num_train_timesteps:
        network = pipe.transformer_2
    timestep = time if name == "sample" else time.expand(before.shape[0])
    return network(**arguments | {name: fed, "timestep": timestep})[0]
