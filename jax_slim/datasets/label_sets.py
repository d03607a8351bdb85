"""The classes of PASCAL VOC, Cityscapes and ADE20K: names, colours, and which label is to be ignored."""

from types import MappingProxyType
from typing import NamedTuple

import numpy as np


class LabelSet(NamedTuple):
    """The classes that masks of a data set have.

    Attributes:
      class_names: the name of each class.
      colors: uint8 [classes, 3], red, green and blue of each.
      ignore_label: the label of pixels that do not count.
    """

    class_names: tuple[str, ...]
    colors: np.ndarray
    ignore_label: int

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)


def pascal_colors(count: int = 256) -> np.ndarray:
    """PASCAL VOC's colours: uint8 [count, 3]. The bits of a number, three at a time, are the high bits of its colour.

    Source: VOClabelcolormap of the PASCAL VOC development kit.
    """
    numbers, colors = np.arange(count), np.zeros((count, 3), np.int64)
    for step in range(8):
        bits = numbers[:, None] >> (3 * step + np.arange(3)) & 1
        colors |= bits << (7 - step)
    return colors.astype(np.uint8)


def _colors(text: str) -> np.ndarray:
    return np.array([list(bytes.fromhex(word)) for word in text.split()], np.uint8)


def _names(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


_PASCAL = """
background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant
sheep sofa train tvmonitor
"""

_CITYSCAPES = """
road sidewalk building wall fence pole traffic_light traffic_sign vegetation terrain sky person rider car truck bus
train motorcycle bicycle
"""
_CITYSCAPES_COLORS = """
804080 f423e8 464646 66669c be9999 999999 faaa1e dcdc00 6b8e23 98fb98 4682b4 dc143c ff0000 00008e 000046 003c64
005064 0000e6 770b20
"""

# The first of each class's names in objectInfo150.txt of the MIT Scene Parsing Benchmark; 0 is what has no class.
_ADE20K = """
background
wall building sky floor tree ceiling road bed windowpane grass cabinet sidewalk person earth door table mountain
plant curtain chair car water painting sofa shelf house sea mirror rug field armchair seat fence desk rock
wardrobe lamp bathtub railing cushion base box column signboard chest_of_drawers counter sand sink skyscraper
fireplace refrigerator grandstand path stairs runway case pool_table pillow screen_door stairway river bridge
bookcase blind coffee_table toilet flower book hill bench countertop stove palm kitchen_island computer
swivel_chair boat bar arcade_machine hovel bus towel light truck tower chandelier awning streetlight booth
television airplane dirt_track apparel pole land bannister escalator ottoman bottle buffet poster stage van ship
fountain conveyer_belt canopy washer plaything swimming_pool stool barrel basket waterfall tent bag minibike
cradle oven ball food step tank trade_name microwave pot animal bicycle lake dishwasher screen blanket sculpture
hood sconce vase traffic_light tray ashcan fan pier crt_screen plate monitor bulletin_board shower radiator
glass clock flag
"""
_ADE20K_COLORS = """
000000 787878 b47878 06e6e6 503232 04c803 787850 8c8c8c cc05ff e6e6e6 04fa07 e005ff ebff07 96053d 787846 08ff33
ff0652 8fff8c ccff04 ff3307 cc4603 0066c8 3de6fa ff0633 0b66ff ff0747 ff09e0 0907e6 dcdcdc ff095c 7009ff 08ffd6
07ffe0 ffb806 0aff47 ff290a 07ffff e0ff08 6608ff ff3d06 ffc207 ff7a08 00ff14 ff0829 ff0599 0633ff eb0cff a09614
00a3ff 8c8c8c fa0a0f 14ff00 1fff00 ff1f00 ffe000 99ff00 0000ff ff4700 00ebff 00adff 1f00ff 0bc8c8 ff5200 00fff5
003dff 00ff70 00ff85 ff0000 ffa300 ff6600 c2ff00 008fff 33ff00 0052ff 00ff29 00ffad 0a00ff adff00 00ff99 ff5c00
ff00ff ff00f5 ff0066 ffad00 ff0014 ffb8b8 001fff 00ff3d 0047ff ff00cc 00ffc2 00ff52 000aff 0070ff 3300ff 00c2ff
007aff 00ffa3 ff9900 00ff0a ff7000 8fff00 5200ff a3ff00 ffeb00 08b8aa 8500ff 00ff5c b800ff ff001f 00b8ff 00d6ff
ff0070 5cff00 00e0ff 70e0ff 46b8a0 a300ff 9900ff 47ff00 ff00a3 ffcc00 ff008f 00ffeb 85ff00 ff00eb f500ff ff007a
fff500 0abed4 d6ff00 00ccff 1400ff ffff00 0099ff 0029ff 00ffcc 2900ff 29ff00 ad00ff 00f5ff 4700ff 7a00ff 00ffb8
005cff b8ff00 0085ff ffd600 19c2c2 66ff00 5c00ff
"""

LABEL_SETS = MappingProxyType(
    {
        "ade20k": LabelSet(_names(_ADE20K), _colors(_ADE20K_COLORS), 0),
        "cityscapes": LabelSet(_names(_CITYSCAPES), _colors(_CITYSCAPES_COLORS), 255),
        "pascal_voc_seg": LabelSet(_names(_PASCAL), pascal_colors(21), 255),
    }
)
"""By the names of research/deeplab."""
