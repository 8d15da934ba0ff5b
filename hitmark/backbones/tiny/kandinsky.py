"""Random-weight pipelines of Kandinsky 5."""

from __future__ import annotations

import re
import string
from typing import Any

from hitmark.backbones.tiny.parts import clip_encoder, finished, seeded, sharpened
from hitmark.backbones.tiny.tokenizers import letter_tokenizer

MOVED = 0.1
"""Spread of the weights that scale and gate layers, which a fresh network has at zero: it would do nothing."""
TEMPLATE = 128
"""Tokens of the text around a prompt that stand before it, of which the pipeline keeps none."""
KEPT_APART = ("You", "Name", "Pay", "user")
"""Words that leave the space before them a token of its own: so the template has that many."""


def tiny_kandinsky(*, image: bool = False, seed: int = 0, layers: int = 2) -> Any:
    """A `Kandinsky5T2VPipeline` or `Kandinsky5I2VPipeline` with the real networks, float32, CPU.

    Its tokenizer is that of Qwen alone: the processor around it, which pipelines use for texts only, needs torchvision.

    Args:
        image: from a picture.
        seed: of the weights; the global generator is left alone.
        layers: blocks of the network.
    """
    import diffusers

    tokenizer: Any = letter_tokenizer()
    pipeline: Any = diffusers.Kandinsky5I2VPipeline if image else diffusers.Kandinsky5T2VPipeline
    template = pipeline(*[None] * 7).prompt_template
    words: Any = _tokenizer(template)
    with seeded(seed):
        parts: Any = {
            "transformer": _transformer(layers),
            "vae": _autoencoder(),
            "text_encoder": _reader(words),
            "text_encoder_2": clip_encoder(tokenizer, 16),
        }
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=5.0)
    return finished(pipeline(tokenizer=words, tokenizer_2=tokenizer, scheduler=scheduler, **parts))


def _transformer(layers: int) -> Any:
    """With a given picture beside the latents, as the published networks have it."""
    import torch
    from diffusers import Kandinsky5Transformer3DModel

    network = Kandinsky5Transformer3DModel(
        in_visual_dim=4,
        out_visual_dim=4,
        in_text_dim=16,
        in_text_dim2=16,
        time_dim=16,
        model_dim=32,
        ff_dim=32,
        num_text_blocks=1,
        num_visual_blocks=layers,
        axes_dims=(4, 6, 6),
        visual_cond=True,
    )
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "modulation" in name:
                weight.normal_(0, MOVED)
    return sharpened(network)


def _autoencoder() -> Any:
    from diffusers import AutoencoderKLHunyuanVideo

    options: Any = {"block_out_channels": (4, 4, 4, 4), "layers_per_block": 1, "norm_num_groups": 2}
    return AutoencoderKLHunyuanVideo(latent_channels=4, mid_block_add_attention=False, **options)


def _reader(tokenizer: Any) -> Any:
    """Qwen2.5-VL, which reads the prompt."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    text: Any = {"vocab_size": len(tokenizer), "bos_token_id": None, "eos_token_id": tokenizer.eos_token_id}
    text |= {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 2, "num_key_value_heads": 1}
    text["rope_parameters"] = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [1, 1, 2]}
    seen: Any = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16}
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=seen)).eval()


def _tokenizer(template: str) -> Any:
    """Qwen's class, which knows the template's words, and otherwise letters."""
    from tokenizers import AddedToken
    from transformers import Qwen2Tokenizer

    letters = [*string.ascii_letters, *string.digits, *string.punctuation, "\u0120", "\u010a"]
    tokenizer: Any = Qwen2Tokenizer(vocab={letter: place for place, letter in enumerate(letters)}, merges=[])
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    words = dict.fromkeys(re.findall("[A-Za-z]+", re.sub(r"<\|.*?\|>", "", template)))
    tokenizer.add_tokens([AddedToken(word, lstrip=word not in KEPT_APART, single_word=True) for word in words])
    return tokenizer
