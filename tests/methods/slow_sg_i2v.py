"""SG-I2V once more, slowly and without any of the package: loops, dense softmax, direct sums over cells.

Written from the published description. It drives the pipeline's parts by itself: its own loop, its own features (from
the input of the attention layers), its own AdamW. Only for comparison.
"""

import math

import numpy as np
import torch
from torch.nn import functional


def slow_clip(pipe, picture, boxes, *, seed, steps, active, layers, iterations=5, rate=0.21, visible=None):
    """Final latents (1, frames, 4, h, w); `boxes` (tracks, frames, 4) are pixels x0, y0, x1, y1."""
    frames = boxes.shape[1] if len(boxes) else pipe.unet.config.num_frames
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        condition = _conditions(pipe, picture, frames, generator)
        z = condition.pop("noise")
        for index, timestep in enumerate(pipe.scheduler.timesteps):
            sigma = pipe.scheduler.sigmas[index]
            if index in active:
                z = _optimized(pipe, z, sigma, timestep, condition, boxes, layers, iterations, rate, visible)
            output = _network(pipe, torch.cat([z, z]), sigma, timestep, condition, slice(None))
            unconditional, conditional = output.chunk(2)
            guidance = torch.linspace(1.0, 3.0, frames).reshape(1, -1, 1, 1, 1)
            velocity = unconditional + guidance * (conditional - unconditional)
            clean = z / (sigma**2 + 1) - velocity * sigma / (sigma**2 + 1).sqrt()
            z = z + (z - clean) / sigma * (pipe.scheduler.sigmas[index + 1] - sigma)
    return z


def slow_setup(pipe, steps):
    pipe.scheduler.set_timesteps(steps)
    pipe._guidance_scale = 3.0


def _conditions(pipe, picture, frames, generator):
    embedding = pipe._encode_image(picture, "cpu", 1, True)
    pixels = pipe.video_processor.preprocess(picture, height=picture.height, width=picture.width)
    pixels = pixels + 0.02 * torch.randn(pixels.shape, generator=generator)
    image = pipe._encode_vae_image(pixels, "cpu", 1, True)[:, None].repeat(1, frames, 1, 1, 1)
    ids = torch.tensor([[6.0, 127.0, 0.02]]).repeat(2, 1)
    noise = torch.randn((1, frames, *image.shape[2:]), generator=generator) * pipe.scheduler.init_noise_sigma
    return {"embedding": embedding, "image": image, "ids": ids, "noise": noise}


def _network(pipe, z, sigma, timestep, condition, rows):
    scaled = z / (sigma**2 + 1).sqrt()
    sample = torch.cat([scaled, condition["image"][rows]], dim=2)
    arguments = {"encoder_hidden_states": condition["embedding"][rows], "added_time_ids": condition["ids"][rows]}
    return pipe.unet(sample, timestep, **arguments).sample


def _features(pipe, z, sigma, timestep, condition, layers):
    """Modified self-attention outputs, one (frames, rows, columns, channels) map a layer."""
    inputs, sizes, handles = {}, {}, []
    for block, layer in layers:
        transformer = pipe.unet.up_blocks[block].attentions[layer]
        key = (block, layer)
        handles.append(
            transformer.register_forward_pre_hook(lambda _m, args, _k=key: sizes.update({_k: args[0].shape[-2:]}))
        )
        handles.append(
            transformer.transformer_blocks[0].attn1.register_forward_pre_hook(
                lambda _m, args, _k=key: inputs.update({_k: args[0]})
            )
        )
    try:
        _network(pipe, z, sigma, timestep, condition, slice(1, 2))  # the conditional half
    finally:
        for handle in handles:
            handle.remove()
    maps = []
    for block, layer in layers:
        attention = pipe.unet.up_blocks[block].attentions[layer].transformer_blocks[0].attn1
        tokens = inputs[block, layer]
        first = tokens[0].detach()
        keys, values = attention.to_k(first).detach(), attention.to_v(first).detach()
        queries = attention.to_q(tokens)
        width = queries.shape[-1] // attention.heads
        heads = []
        for head in range(attention.heads):
            part = slice(head * width, (head + 1) * width)
            logits = queries[..., part] @ keys[:, part].T / math.sqrt(width)
            heads.append(logits.softmax(-1) @ values[:, part])
        maps.append(torch.cat(heads, -1).reshape(len(tokens), *sizes[block, layer], -1))
    return maps


def _loss(maps, boxes, size, factor, visible):
    """One row of a box at a time, all quantities spelled out."""
    height, width = size
    large = [functional.interpolate(m.permute(0, 3, 1, 2), (height, width), mode="bilinear") for m in maps]
    features = torch.cat(large, dim=1)
    above, below = 0.0, 0.0
    for track, path in enumerate(boxes):
        fx0, fy0, fx1, fy1 = _cells(path[0], factor)
        target = features[0, :, max(fy0, 0) : fy1, max(fx0, 0) : fx1].detach()
        for frame in range(1, len(path)):
            if visible is not None and not visible[track][frame]:
                continue
            x0, y0, x1, y1 = _cells(path[frame], factor)
            fitted = functional.interpolate(target[None], (y1 - y0, x1 - x0), mode="bilinear")[0]
            columns = range(max(x0, 0), min(x1, width))
            for y in range(max(y0, 0), min(y1, height)):
                weights = [_weight(x - x0, x1 - x0) * _weight(y - y0, y1 - y0) for x in columns]
                if not weights:
                    continue
                left, right = columns[0], columns[-1] + 1
                difference = features[frame, :, y, left:right] - fitted[:, y - y0, left - x0 : right - x0]
                above = above + (torch.tensor(weights) * (difference**2).mean(0)).sum()
                below += sum(weights)
    return above / below if below else None


def _weight(cell, cells):
    """A bell over a side: 1 at the middlemost cell."""
    return math.exp(-0.5 * ((cell + 0.5 - cells / 2) / (0.4 * cells / 2)) ** 2) / _peak(cells)


def _peak(cells):
    """Largest weight of a side: 1 with a cell in the middle, less when the middle is an edge."""
    nearest = 0.0 if cells % 2 else 0.5
    return math.exp(-0.5 * (nearest / (0.4 * cells / 2)) ** 2)


def _cells(box, factor):
    x0, y0, x1, y1 = (int(np.floor(value / factor)) for value in box)
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def _optimized(pipe, z, sigma, timestep, condition, boxes, layers, iterations, rate, visible):
    before, mean, spread = z.clone(), torch.zeros_like(z), torch.zeros_like(z)
    for iteration in range(1, iterations + 1):
        with torch.enable_grad():
            variable = z.detach().requires_grad_(True)
            maps = _features(pipe, variable, sigma, timestep, condition, layers)
            loss = _loss(maps, boxes, z.shape[-2:], pipe.vae_scale_factor, visible)
            if loss is None:
                return before
            (gradient,) = torch.autograd.grad(loss, variable)
        z = z * (1 - rate * 0.01)
        mean = 0.9 * mean + 0.1 * gradient
        spread = 0.999 * spread + 0.001 * gradient**2
        z = z - rate * (mean / (1 - 0.9**iteration)) / ((spread / (1 - 0.999**iteration)).sqrt() + 1e-8)
    height, width = z.shape[-2:]
    keep = torch.empty(height, width, dtype=torch.float64)
    for u in range(height):
        for v in range(width):
            radius = (2 * u / height - 1) ** 2 + (2 * v / width - 1) ** 2
            keep[u, v] = 1 / (1 + (radius / 0.25) ** 4)
    keep = torch.fft.ifftshift(keep)
    mixed = keep * torch.fft.fft2(z.double()) + (1 - keep) * torch.fft.fft2(before.double())
    return torch.fft.ifft2(mixed).real.float()
