"""What the classes of COCO's boxes are called, by the ids that its annotations and the Object Detection API give them.

Source: cocodataset.org; research/object_detection/data/mscoco_label_map.pbtxt. There are 80 classes with ids from 1 to
90: ten ids have none.
"""

# In the order of the ids; "-" where there is no class.
_COCO = """
person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant - stop_sign parking_meter bench
bird cat dog horse sheep cow elephant bear zebra giraffe - backpack umbrella - - handbag tie suitcase frisbee skis
snowboard sports_ball kite baseball_bat baseball_glove skateboard surfboard tennis_racket bottle - wine_glass cup fork
knife spoon bowl banana apple sandwich orange broccoli carrot hot_dog pizza donut cake chair couch potted_plant bed -
dining_table - - toilet - tv laptop mouse remote keyboard cell_phone microwave oven toaster sink refrigerator - book
clock vase scissors teddy_bear hair_drier toothbrush
"""


def coco_names() -> list[str]:
    """The names of the 90 classes of a detector for COCO: class 0 has the id 1.

    Where COCO has no class of an id, it is the number of the class here: '11' for the id 12.
    """
    return [str(number) if name == "-" else name.replace("_", " ") for number, name in enumerate(_COCO.split())]
