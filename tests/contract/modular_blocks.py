"""Blocks and a guider as users of modular pipelines write them."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from diffusers import guiders
from diffusers.modular_pipelines import ModularPipelineBlocks
from diffusers.modular_pipelines.modular_pipeline_utils import InputParam
from diffusers.modular_pipelines.wan.before_denoise import WanPrepareLatentsStep


class Together(ModularPipelineBlocks):
    """Both branches of guidance in one call of the network."""

    model_name = "wan"
    fields: ClassVar[dict[str, Any]] = {"encoder_hidden_states": ("prompt_embeds", "negative_prompt_embeds")}

    @property
    def inputs(self) -> list[InputParam]:
        return [InputParam(name) for name in self.fields["encoder_hidden_states"]]

    def __call__(self, components: Any, values: Any, i: int, t: Any) -> Any:
        components.guider.set_state(step=i, num_inference_steps=values.num_inference_steps, timestep=t)
        batches = components.guider.prepare_inputs_from_block_state(values, self.fields)
        fed = torch.cat([values.latent_model_input] * len(batches))
        words = torch.cat([each.encoder_hidden_states for each in batches])
        output = components.transformer(fed, t.expand(len(fed)), words, return_dict=False)[0]
        for batch, part in zip(batches, output.chunk(len(batches)), strict=True):
            batch.noise_pred = part
        values.noise_pred = components.guider(batches)[0]
        return components, values


class Otherwise(guiders.ClassifierFreeGuidance):
    """Names its branches in a place of its own."""

    _identifier_key = "__mine__"


class Seeded(WanPrepareLatentsStep):
    """Start noise of the user's, from a method of other arguments."""

    def prepare_latents(self, components: Any, *, size: int, generator: Any) -> torch.Tensor:
        return torch.randn(1, components.num_channels_latents, 2, size // 8, size // 8, generator=generator)

    def __call__(self, components: Any, state: Any) -> Any:
        values = self.get_block_state(state)
        values.latents = self.prepare_latents(components, size=values.height, generator=values.generator)
        self.set_block_state(state, values)
        return components, state


class Alone(Seeded):
    """The same, of a method that is not given the pipeline."""

    def prepare_latents(self, size: int) -> torch.Tensor:  # type: ignore[override]
        return torch.randn(1, 16, 2, size // 8, size // 8)

    def __call__(self, components: Any, state: Any) -> Any:
        values = self.get_block_state(state)
        values.latents = self.prepare_latents(values.height)
        self.set_block_state(state, values)
        return components, state


class Later(ModularPipelineBlocks):
    """Leaves the first timestep out of the loop, as a strength of denoising does."""

    model_name = "wan"

    @property
    def inputs(self) -> list[InputParam]:
        return [InputParam("timesteps")]

    def __call__(self, components: Any, state: Any) -> Any:
        state.set("timesteps", state.get("timesteps")[1:])
        components.scheduler.set_begin_index(1)
        return components, state
