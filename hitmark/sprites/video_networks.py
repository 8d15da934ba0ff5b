"""The networks of `sprites-wan`: the real classes of Wan 2.2 TI2V, small, and their pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from hitmark.sprites.configuration import VideoConfiguration
from hitmark.sprites.recognition import Recognizer, keep_input
from hitmark.sprites.words import vocabulary

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
    from transformers import UMT5EncoderModel

TOKENS = 32
"""Positions of a prompt in the shipped settings; the rest are zeros, as in the real model."""
SYMBOLS = "abcdefghijklmnopqrstuvwxyz0123456789,.'-!?"


class VideoModel(nn.Module):
    """Transformer and text encoder, trained together; and what reads hidden tokens while training, or None."""

    def __init__(self, transformer: Any, text_encoder: nn.Module, recognizer: Recognizer | None = None) -> None:
        super().__init__()
        self.transformer = transformer
        self.text_encoder = text_encoder
        self.recognizer = recognizer
        self._kept: list[Tensor] | None = None

    def watch(self, after: int) -> None:
        """Keep the hidden tokens after so many blocks from now on; once the blocks are compiled, if they are."""
        self._kept = keep_input(self.transformer.blocks[after])

    def take_hidden(self) -> Tensor:
        """The hidden tokens (batch, tokens, width) of the last pass."""
        assert self._kept is not None, "watch() comes first"
        tokens = self._kept[-1]
        self._kept.clear()
        return tokens


def build_transformer(configuration: VideoConfiguration) -> WanTransformer3DModel:
    """Wan's transformer: tokens of 1x2x2 latent cells, full attention over space and time, words by cross-attention."""
    from diffusers import WanTransformer3DModel

    width = configuration.heads * configuration.head_width
    return WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=configuration.heads,
        attention_head_dim=configuration.head_width,
        in_channels=configuration.latent_channels,
        out_channels=configuration.latent_channels,
        text_dim=configuration.embedding,
        freq_dim=128,
        ffn_dim=4 * width,
        num_layers=configuration.layers,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=128,
    )


def build_video_autoencoder(configuration: VideoConfiguration) -> AutoencoderKLWan:
    """Wan's causal autoencoder with Wan 2.2's patches: a latent cell is 8x8 pixels of 4 frames, frame 1 apart."""
    from diffusers import AutoencoderKLWan

    channels = configuration.latent_channels
    return AutoencoderKLWan(
        base_dim=max(50, channels + 1),  # 4x4 pixels x 3 colors, and two constants
        decoder_base_dim=configuration.decoder_width,
        z_dim=channels,
        dim_mult=[1, 2, 2],
        num_res_blocks=1,
        temperal_downsample=[True, True],
        in_channels=12,
        out_channels=12,
        patch_size=2,
        latents_mean=[0.0] * channels,
        latents_std=[1.0] * channels,
        scale_factor_temporal=4,
        scale_factor_spatial=8,
    )


def build_tokenizer() -> Any:
    """A T5 tokenizer in which every word of the captions is one token; other words are read letter by letter."""
    from transformers import T5Tokenizer

    pieces = [(piece, 0.0) for piece in ("<pad>", "</s>", "<unk>")]
    pieces += [(f"▁{word}", -1.0) for word in vocabulary()]
    pieces += [(letter, -10.0) for letter in ("▁", *SYMBOLS)]
    return T5Tokenizer(vocab=pieces, extra_ids=0)


def build_text_encoder(configuration: VideoConfiguration) -> UMT5EncoderModel:
    """A small UMT5 encoder, without dropout."""
    from transformers import UMT5Config, UMT5EncoderModel

    return UMT5EncoderModel(
        UMT5Config(
            vocab_size=len(build_tokenizer()),
            d_model=configuration.embedding,
            d_kv=configuration.embedding // 4,
            d_ff=2 * configuration.embedding,
            num_layers=configuration.text_layers,
            num_heads=4,
            relative_attention_num_buckets=16,
            relative_attention_max_distance=32,
            dropout_rate=0.0,
            pad_token_id=0,
            eos_token_id=1,
        )
    )


def build_flow_scheduler(shift: float) -> UniPCMultistepScheduler:
    """Wan's own sampler over flow levels; the network predicts the clean sample."""
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(
        prediction_type="sample", use_flow_sigmas=True, flow_shift=shift, num_train_timesteps=1000
    )


def assemble_video(configuration: VideoConfiguration, **networks: Any) -> WanPipeline:
    """A stock pipeline of the given `transformer`, `text_encoder` and `vae`."""
    from diffusers import WanPipeline

    scheduler: Any = build_flow_scheduler(configuration.sampling_shift)
    return WanPipeline(tokenizer=build_tokenizer(), scheduler=scheduler, expand_timesteps=True, **networks)
