"""Random-weight pipelines of the real layouts, small enough for tests, documentation and CI. Seeded; nothing is loaded.

They make noise, not pictures: what they show is that tensors flow as in the real model.
"""

from hitmark.backbones.tiny.animatediff import tiny_animatediff
from hitmark.backbones.tiny.cogvideox import tiny_cogvideox
from hitmark.backbones.tiny.hunyuan_video import tiny_hunyuan_video
from hitmark.backbones.tiny.hunyuan_video_15 import tiny_hunyuan_video_15
from hitmark.backbones.tiny.kandinsky import tiny_kandinsky
from hitmark.backbones.tiny.ltx import tiny_ltx
from hitmark.backbones.tiny.ltx2 import tiny_ltx2
from hitmark.backbones.tiny.minimax_h3 import tiny_minimax_h3
from hitmark.backbones.tiny.skyreels_v2 import tiny_skyreels_v2
from hitmark.backbones.tiny.tokenizers import chat_tokenizer, header_tokenizer, letter_tokenizer, piece_tokenizer
from hitmark.backbones.tiny.unets import svd_scheduler, text_to_video_scheduler, tiny_svd, tiny_text_to_video
from hitmark.backbones.tiny.wan import tiny_wan
from hitmark.backbones.tiny.wan_vace import tiny_wan_vace

__all__ = [
    "chat_tokenizer",
    "header_tokenizer",
    "letter_tokenizer",
    "piece_tokenizer",
    "svd_scheduler",
    "text_to_video_scheduler",
    "tiny_animatediff",
    "tiny_cogvideox",
    "tiny_hunyuan_video",
    "tiny_hunyuan_video_15",
    "tiny_kandinsky",
    "tiny_ltx",
    "tiny_ltx2",
    "tiny_minimax_h3",
    "tiny_skyreels_v2",
    "tiny_svd",
    "tiny_text_to_video",
    "tiny_wan",
    "tiny_wan_vace",
]
