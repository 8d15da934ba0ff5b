"""What tiny pipelines of several families share: schedulers, text encoders, seeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

SHARPER = 2.0
"""Random norms leave logits of attention so flat that masks hardly matter; queries and keys are this much longer."""
LONGER = ("norm_q", "norm_k", "query_norm", "key_norm")
"""What their norms are called."""


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """The global generator at a seed; afterwards it is as before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def flow_solver(shift: float) -> Any:
    """The scheduler of Wan's checkpoints: UniPC on flow sigmas."""
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=shift
    )


def t5_encoder(tokenizer: Any, width: int, *, multilingual: bool = False) -> Any:
    """A text encoder of the T5 (UMT5) class."""
    from transformers import T5Config, T5EncoderModel, UMT5Config, UMT5EncoderModel

    config_class: Any = UMT5Config if multilingual else T5Config
    model_class: Any = UMT5EncoderModel if multilingual else T5EncoderModel
    config = config_class(
        vocab_size=len(tokenizer),
        d_model=width,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        feed_forward_proj="gated-gelu",
    )
    return model_class(config).eval()


def clip_encoder(tokenizer: Any, width: int) -> Any:
    """A text encoder of CLIP's class."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def sharpened(network: Any) -> Any:
    """The network with longer queries and keys."""
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if any(norm in name for norm in LONGER):
                weight.mul_(SHARPER)
    return network


def finished(pipe: Any) -> Any:
    """The pipeline with its networks set to run, without gradients of weights."""
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.eval().requires_grad_(False)
    return pipe
