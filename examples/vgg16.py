"""VGG-16 as TF-Slim's article writes it, with `arg_scope` and `repeat`; and the same net's parts, one call a layer.

python examples/vgg16.py            # lists its 32 variables
"""

import jax

import jax_slim as slim


def three_convolutions(net):
    """The usual way, one call a layer."""
    net = slim.conv2d(net, 256, [3, 3], scope="conv3_1")
    net = slim.conv2d(net, 256, [3, 3], scope="conv3_2")
    net = slim.conv2d(net, 256, [3, 3], scope="conv3_3")
    net = slim.max_pool2d(net, [2, 2], scope="pool2")
    return net


def repeated_convolution(net):
    """The same with `repeat`: scopes 'conv3/conv3_1', 'conv3/conv3_2', 'conv3/conv3_3'."""
    net = slim.repeat(net, 3, slim.conv2d, 256, [3, 3], scope="conv3")
    net = slim.max_pool2d(net, [2, 2], scope="pool2")
    return net


def stacked_dense_layers(x):
    """One operation with other arguments each time: scopes 'fc/fc_1', 'fc/fc_2', 'fc/fc_3'."""
    return slim.stack(x, slim.fully_connected, [32, 64, 128], scope="fc")


def vgg16(inputs):
    """The whole net. `fully_connected` works on the last axis: [N, 224, 224, 3] gives [N, 7, 7, 1000]."""
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        activation_fn=jax.nn.relu,
        weights_initializer=slim.truncated_normal_initializer(0.0, 0.01),
        weights_regularizer=slim.l2_regularizer(0.0005),
    ):
        net = slim.repeat(inputs, 2, slim.conv2d, 64, [3, 3], scope="conv1")
        net = slim.max_pool2d(net, [2, 2], scope="pool1")
        net = slim.repeat(net, 2, slim.conv2d, 128, [3, 3], scope="conv2")
        net = slim.max_pool2d(net, [2, 2], scope="pool2")
        net = slim.repeat(net, 3, slim.conv2d, 256, [3, 3], scope="conv3")
        net = slim.max_pool2d(net, [2, 2], scope="pool3")
        net = slim.repeat(net, 3, slim.conv2d, 512, [3, 3], scope="conv4")
        net = slim.max_pool2d(net, [2, 2], scope="pool4")
        net = slim.repeat(net, 3, slim.conv2d, 512, [3, 3], scope="conv5")
        net = slim.max_pool2d(net, [2, 2], scope="pool5")
        net = slim.fully_connected(net, 4096, scope="fc6")
        net = slim.dropout(net, 0.5, scope="dropout6")
        net = slim.fully_connected(net, 4096, scope="fc7")
        net = slim.dropout(net, 0.5, scope="dropout7")
        net = slim.fully_connected(net, 1000, activation_fn=None, scope="fc8")
    return net


def main():
    images = jax.ShapeDtypeStruct((1, 224, 224, 3), "float32")
    for name, spec in slim.Model(vgg16).specs(images).items():
        print(f"{name:28} {spec.shape}")


if __name__ == "__main__":
    main()
