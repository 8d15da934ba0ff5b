"""Tiny random networks of the real architectures, saved as a user would have them; not a test itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np

WORDS = ("a", "red", "car", "the", "cat", "on", "snow")


def frames_of(count: int, height: int = 40, width: int = 56, seed: int = 0) -> np.ndarray:
    """Smooth random pictures, uint8 (count, height, width, 3), that differ."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, height // 8, width // 8, 3))
    return np.kron(coarse, np.ones((1, 8, 8, 1))).astype(np.uint8)


def save_tokenizer(folder: Path, end: int, length: int) -> None:
    """Whole words with a start and an end mark; 101, 102 and 1012 stand where BERT has them."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 101, "[SEP]": end, ".": 1012}
    vocabulary |= {word: number + 200 for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 101), ("[SEP]", end)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=length,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    ).save_pretrained(folder)


def text_sizes(length: int) -> dict[str, int]:
    """A text tower of CLIP and OWL."""
    return {
        "vocab_size": 1100,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "max_position_embeddings": length,
        "bos_token_id": 101,
        "eos_token_id": 1090,
        "pad_token_id": 0,
    }


def vision_sizes() -> dict[str, int]:
    """A vision tower of CLIP and OWL for pictures of 32x32."""
    return {
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 8,
    }


def save_clip(folder: Path) -> Path:
    """A CLIP model with 16 tokens and pictures of 32x32."""
    import torch
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    torch.manual_seed(0)
    CLIPModel(CLIPConfig(text_config=text_sizes(16), vision_config=vision_sizes(), projection_dim=12)).save_pretrained(
        folder
    )
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    save_tokenizer(folder, end=1090, length=16)
    return folder
