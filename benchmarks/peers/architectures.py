"""The nets, written down once for all libraries: TF-Slim's, as the papers and jax-slim have them.

A net is a function of a builder and its images. The builder is a library's: its `conv` makes that library's layer. So
what differs between libraries is how they compute, not what. (jax-slim and TF 1.15 bring their own nets; the number of
parameters says whether they are the same.)

A builder has

    conv(x, depth, kernel, stride, padding, norm, activation)     norm=False: biases instead
    depthwise(x, stride)                                          3 x 3, then normalized, then ReLU6
    max_pool(x, size, stride, padding), avg_pool(x, size, stride, padding)
    mean(x), flatten(x), dense(x, depth, activation), dropout(x, keep)
    concat(list), add(x, y), relu(x), subsample(x, stride)
    map_size(x), channels(x)

Kernels are pairs (height, width). Padding "SAME" and "VALID" are TensorFlow's; "CENTER" pads by (kernel - 1) / 2 on
both sides. This file and `worker.py` are also read by Python 3.7.
"""

import collections

Norm = collections.namedtuple("Norm", "scale decay epsilon")
Net = collections.namedtuple("Net", "function size channels classes norm timm", defaults=(None, None))
"""function: (builder, images) -> logits, auxiliary logits or None; None for a net that is not written down here, as its
libraries bring it along. norm: how its batch norms are set. timm: its name and options in timm."""


def lenet(b, x):
    for depth in (32, 64):
        x = b.conv(x, depth, (5, 5), norm=False)
        x = b.max_pool(x, 2, 2, "VALID")
    x = b.dense(b.flatten(x), 1024, "relu")
    return b.dense(b.dropout(x, 0.5), 10), None


def vgg_16(b, x):
    for times, depth in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(times):
            x = b.conv(x, depth, (3, 3), norm=False)
        x = b.max_pool(x, 2, 2, "VALID")
    if b.map_size(x) == (7, 7):
        x = b.dense(b.flatten(x), 4096, "relu")
    else:  # smaller images, for trials: jax-slim's is told to do the same
        x = b.mean(b.conv(x, 4096, (7, 7), norm=False))
    x = b.dense(b.dropout(x, 0.5), 4096, "relu")
    return b.dense(b.dropout(x, 0.5), 1000), None


def resnet_v1_50(b, x):
    x = b.conv(x, 64, (7, 7), 2, "CENTER")
    x = b.max_pool(x, 3, 2, "SAME")
    for depth, units, last_stride in ((64, 3, 2), (128, 4, 2), (256, 6, 2), (512, 3, 1)):
        for unit in range(units):
            stride = last_stride if unit == units - 1 else 1
            if b.channels(x) == 4 * depth:
                shortcut = b.subsample(x, stride)
            else:
                shortcut = b.conv(x, 4 * depth, (1, 1), stride)  # activated, as TF-Slim does it
            residual = b.conv(x, depth, (1, 1))
            residual = b.conv(residual, depth, (3, 3), stride, "CENTER")
            residual = b.conv(residual, 4 * depth, (1, 1), activation=None)
            x = b.relu(b.add(shortcut, residual))
    return b.dense(b.mean(x), 1000), None


def mobilenet_v1(b, x):
    x = b.conv(x, 32, (3, 3), 2, activation="relu6")
    for depth, stride in (
        (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
        (1024, 2), (1024, 1),
    ):  # fmt: skip
        x = b.depthwise(x, stride)
        x = b.conv(x, depth, (1, 1), activation="relu6")
    return b.dense(b.dropout(b.mean(x), 0.999), 1000), None


def mobilenet_v2(b, x):
    x = b.conv(x, 32, (3, 3), 2, activation="relu6")
    for factor, depth, times, first_stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for index in range(times):
            stride = first_stride if index == 0 else 1
            net = x
            if factor > 1:
                net = b.conv(net, factor * b.channels(x), (1, 1), activation="relu6")
            net = b.depthwise(net, stride)
            net = b.conv(net, depth, (1, 1), activation=None)
            x = b.add(net, x) if stride == 1 and b.channels(x) == depth else net
    x = b.conv(x, 1280, (1, 1), activation="relu6")
    return b.dense(b.dropout(b.mean(x), 0.8), 1000), None


def inception_v3(b, x):
    x = b.conv(x, 32, (3, 3), 2, "VALID")
    x = b.conv(x, 32, (3, 3), 1, "VALID")
    x = b.conv(x, 64, (3, 3))
    x = b.max_pool(x, 3, 2, "VALID")
    x = b.conv(x, 80, (1, 1), 1, "VALID")
    x = b.conv(x, 192, (3, 3), 1, "VALID")
    x = b.max_pool(x, 3, 2, "VALID")

    def chain(x, *layers):
        for depth, kernel in layers:
            x = b.conv(x, depth, kernel)
        return x

    def pooled(x, depth):
        return b.conv(b.avg_pool(x, 3, 1, "SAME"), depth, (1, 1))

    for depth in (32, 64, 64):
        x = b.concat(
            [
                chain(x, (64, (1, 1))),
                chain(x, (48, (1, 1)), (64, (5, 5))),
                chain(x, (64, (1, 1)), (96, (3, 3)), (96, (3, 3))),
                pooled(x, depth),
            ]
        )
    x = b.concat(
        [
            b.conv(x, 384, (3, 3), 2, "VALID"),
            b.conv(chain(x, (64, (1, 1)), (96, (3, 3))), 96, (3, 3), 2, "VALID"),
            b.max_pool(x, 3, 2, "VALID"),
        ]
    )
    for of in (128, 160, 160, 192):
        x = b.concat(
            [
                chain(x, (192, (1, 1))),
                chain(x, (of, (1, 1)), (of, (1, 7)), (192, (7, 1))),
                chain(x, (of, (1, 1)), (of, (7, 1)), (of, (1, 7)), (of, (7, 1)), (192, (1, 7))),
                pooled(x, 192),
            ]
        )
    auxiliary = b.conv(b.avg_pool(x, 5, 3, "VALID"), 128, (1, 1))
    auxiliary = b.conv(auxiliary, 768, tuple(min(5, size) for size in b.map_size(auxiliary)), 1, "VALID")
    auxiliary = b.dense(b.flatten(auxiliary), 1000)
    x = b.concat(
        [
            b.conv(chain(x, (192, (1, 1))), 320, (3, 3), 2, "VALID"),
            b.conv(chain(x, (192, (1, 1)), (192, (1, 7)), (192, (7, 1))), 192, (3, 3), 2, "VALID"),
            b.max_pool(x, 3, 2, "VALID"),
        ]
    )
    for _ in range(2):
        second = chain(x, (384, (1, 1)))
        third = chain(x, (448, (1, 1)), (384, (3, 3)))
        x = b.concat(
            [
                chain(x, (320, (1, 1))),
                b.concat([b.conv(second, 384, (1, 3)), b.conv(second, 384, (3, 1))]),
                b.concat([b.conv(third, 384, (1, 3)), b.conv(third, 384, (3, 1))]),
                pooled(x, 192),
            ]
        )
    return b.dense(b.dropout(b.mean(x), 0.8), 1000), auxiliary


NETS = collections.OrderedDict(
    [
        ("vgg_16", Net(vgg_16, 224, 3, 1000, Norm(True, 0.99, 1e-3))),
        ("resnet_v1_50", Net(resnet_v1_50, 224, 3, 1000, Norm(True, 0.997, 1e-5))),
        ("inception_v3", Net(inception_v3, 299, 3, 1000, Norm(False, 0.9997, 1e-3))),
        ("mobilenet_v1", Net(mobilenet_v1, 224, 3, 1000, Norm(True, 0.9997, 1e-3))),
        ("mobilenet_v2", Net(mobilenet_v2, 224, 3, 1000, Norm(True, 0.997, 1e-3))),
        ("lenet", Net(lenet, 28, 1, 10, Norm(True, 0.99, 1e-3))),
        (
            "efficientnet_b0",
            Net(None, 224, 3, 1000, timm=("efficientnet_b0", {"drop_rate": 0.2, "drop_path_rate": 0.2})),
        ),
        ("convnext_tiny", Net(None, 224, 3, 1000, timm=("convnext_tiny", {"drop_path_rate": 0.1}))),
        ("vit_small_16", Net(None, 224, 3, 1000, timm=("vit_small_patch16_224", {"dynamic_img_size": True}))),
    ]
)
WRITTEN_DOWN = [name for name, net in NETS.items() if net.function]
LEARNING_RATE = 1e-5  # the one batch must not be learned to the last bit: denormals would slow down what comes
MOMENTUM = 0.9
AUXILIARY_WEIGHT = 0.4
