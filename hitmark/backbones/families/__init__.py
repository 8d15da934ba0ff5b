"""The table of families: one row for each pipeline class. Importing this needs no torch."""

from hitmark.backbones.base import Family
from hitmark.backbones.families.animatediff import ANIMATEDIFF
from hitmark.backbones.families.cogvideox import COGVIDEOX, COGVIDEOX_IMAGE
from hitmark.backbones.families.hunyuan_video import HUNYUAN_VIDEO, SKYREELS_V1_IMAGE
from hitmark.backbones.families.hunyuan_video_15 import HUNYUAN_VIDEO_15, HUNYUAN_VIDEO_15_IMAGE
from hitmark.backbones.families.kandinsky import KANDINSKY, KANDINSKY_IMAGE
from hitmark.backbones.families.ltx import LTX, LTX_CONDITION, LTX_IMAGE
from hitmark.backbones.families.ltx2 import LTX2, LTX2_CONDITION, LTX2_IMAGE
from hitmark.backbones.families.minimax_h3 import MINIMAX_H3
from hitmark.backbones.families.skyreels_v2 import SKYREELS_V2, SKYREELS_V2_IMAGE
from hitmark.backbones.families.stable_video import STABLE_VIDEO
from hitmark.backbones.families.text_to_video import TEXT_TO_VIDEO
from hitmark.backbones.families.wan import WAN, WAN_IMAGE
from hitmark.backbones.families.wan_vace import WAN_VACE

FAMILIES: dict[str, Family] = {
    "StableVideoDiffusionPipeline": STABLE_VIDEO,
    "TextToVideoSDPipeline": TEXT_TO_VIDEO,
    "AnimateDiffPipeline": ANIMATEDIFF,
    "WanPipeline": WAN,
    "WanImageToVideoPipeline": WAN_IMAGE,
    "WanVACEPipeline": WAN_VACE,
    "SkyReelsV2Pipeline": SKYREELS_V2,
    "SkyReelsV2ImageToVideoPipeline": SKYREELS_V2_IMAGE,
    "CogVideoXPipeline": COGVIDEOX,
    "CogVideoXImageToVideoPipeline": COGVIDEOX_IMAGE,
    "LTXPipeline": LTX,
    "LTXImageToVideoPipeline": LTX_IMAGE,
    "LTXConditionPipeline": LTX_CONDITION,
    "LTX2Pipeline": LTX2,
    "LTX2ImageToVideoPipeline": LTX2_IMAGE,
    "LTX2ConditionPipeline": LTX2_CONDITION,
    "HunyuanVideoPipeline": HUNYUAN_VIDEO,
    "HunyuanSkyreelsImageToVideoPipeline": SKYREELS_V1_IMAGE,
    "HunyuanVideo15Pipeline": HUNYUAN_VIDEO_15,
    "HunyuanVideo15ImageToVideoPipeline": HUNYUAN_VIDEO_15_IMAGE,
    "Kandinsky5T2VPipeline": KANDINSKY,
    "Kandinsky5I2VPipeline": KANDINSKY_IMAGE,
}
"""Class of the diffusers pipeline -> its row."""
MODULAR_FAMILIES: dict[str, Family] = {"MiniMaxH3ModularPipeline": MINIMAX_H3}
"""The same of those that are modular alone: `attach` takes them, and nothing loads them by name."""
