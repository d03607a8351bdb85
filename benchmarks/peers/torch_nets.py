"""The nets in PyTorch, eager or by `torch.compile`, with channels last.

Convolutions and pooling of stride 2 pad on both sides, as PyTorch's users do it, where "SAME" pads after the image
only: as many products, one operation less.
"""

import sys

import torch
import torch.nn.functional as F
from torch import nn

from peers import architectures
from peers.architectures import NETS
from peers.batches import images_and_labels

_ACTIVATIONS = {"relu": F.relu, "relu6": F.relu6}


class Peer:
    def __init__(self, config):
        self.device = torch.device(config.get("device", "cpu"))
        self.dtype = getattr(torch, config.get("dtype", "float32"))
        if config.get("threads"):
            torch.set_num_threads(config["threads"])
        if self.device.type == "cuda":
            torch.backends.cudnn.benchmark = True
            torch.backends.cudnn.allow_tf32 = not config.get("highest")
            torch.set_float32_matmul_precision("highest" if config.get("highest") else "high")
        torch.manual_seed(0)
        images, labels = images_and_labels(config)
        self.images = torch.from_numpy(images).permute(0, 3, 1, 2).to(self.device, memory_format=torch.channels_last)
        self.labels = torch.from_numpy(labels).long().to(self.device)
        model = self.network(config, images.shape).to(self.device, memory_format=torch.channels_last)
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        self.versions = {"python": sys.version.split()[0], "torch": torch.__version__}
        self.optimizer = torch.optim.SGD(
            model.parameters(), lr=architectures.LEARNING_RATE, momentum=architectures.MOMENTUM
        )
        self.model = torch.compile(model) if config.get("compiled") else model

    def network(self, config, shape):
        return Network(config["net"], shape)

    def _logits(self):
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            return self.model(self.images)

    def train(self, steps):
        self.model.train()
        for _ in range(steps):
            self.optimizer.zero_grad(set_to_none=True)
            logits, auxiliary = self._logits()
            loss = F.cross_entropy(logits.float(), self.labels)
            if auxiliary is not None:
                loss = loss + architectures.AUXILIARY_WEIGHT * F.cross_entropy(auxiliary.float(), self.labels)
            loss.backward()
            self.optimizer.step()
        self._wait()
        return loss.item()

    def forward(self, steps):
        self.model.eval()
        with torch.no_grad():
            for _ in range(steps):
                logits, _ = self._logits()
        self._wait()
        return logits.float().sum().item()

    def _wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def memory(self):
        if self.device.type != "cuda":
            return {"peak_mib": None, "device": "cpu"}
        return {"peak_mib": torch.cuda.max_memory_allocated() / 2**20, "device": torch.cuda.get_device_name()}


class Network(nn.Module):
    """A net, written down by `Builder`: a list of what to do with which results."""

    def __init__(self, name, shape):
        super().__init__()
        builder = Builder(NETS[name].norm, shape)
        self.logits, self.auxiliary = NETS[name].function(builder, 0)
        self.operations, self.modules_of_net = builder.operations, builder.modules
        needed = {self.logits}
        for result, _, sources in reversed(self.operations):
            if result in needed:
                needed.update(sources)
        self.without_auxiliary = [operation for operation in self.operations if operation[0] in needed]

    def forward(self, images):
        results = {0: images}
        for result, act, sources in self.operations if self.training else self.without_auxiliary:
            if isinstance(act, int):
                act = self.modules_of_net[act]
            results[result] = act(*[results[source] for source in sources])
        auxiliary = results[self.auxiliary] if self.training and self.auxiliary is not None else None
        return results[self.logits], auxiliary


class Layer(nn.Module):
    """A convolution or a product, then batch norm, then the activation."""

    def __init__(self, linear, norm, activation):
        super().__init__()
        self.linear, self.norm, self.activation = linear, norm, activation

    def forward(self, x):
        x = self.linear(x)
        if self.norm is not None:
            x = self.norm(x)
        return x if self.activation is None else _ACTIVATIONS[self.activation](x)


class Shift(nn.Module):
    """What a batch norm without scale has besides: PyTorch knows only both or none."""

    def __init__(self, norm, depth):
        super().__init__()
        self.norm, self.beta = norm, nn.Parameter(torch.zeros(depth))
        self.register_buffer("ones", torch.ones(depth))

    def forward(self, x):
        norm = self.norm
        return F.batch_norm(
            x, norm.running_mean, norm.running_var, self.ones, self.beta, self.training, norm.momentum, norm.eps
        )


class Builder:
    """Writes down the operations; the results, here, are numbers, whose shapes it keeps."""

    def __init__(self, norm, shape):
        self.norm, self.operations, self.modules = norm, [], nn.ModuleList()
        self.shapes = {0: tuple(shape)}

    def _add(self, act, sources, shape):
        if isinstance(act, nn.Module):
            self.modules.append(act)
            act = len(self.modules) - 1
        result = len(self.shapes)
        self.shapes[result] = shape
        self.operations.append((result, act, tuple(sources)))
        return result

    def _normalizer(self, depth):
        settings = {"eps": self.norm.epsilon, "momentum": 1 - self.norm.decay}
        if self.norm.scale:
            return nn.BatchNorm2d(depth, **settings)
        return Shift(nn.BatchNorm2d(depth, affine=False, **settings), depth)

    def _map(self, x, kernel, stride, padding):
        """The padding on both sides, and the size of the result."""
        around = [0, 0] if padding == "VALID" else [(size - 1) // 2 for size in kernel]
        sizes = [
            (size + 2 * pad - extent) // stride + 1
            for size, pad, extent in zip(self.map_size(x), around, kernel, strict=True)
        ]
        if padding == "SAME":
            assert sizes == [-(-size // stride) for size in self.map_size(x)], (sizes, kernel, stride)
        return tuple(around), tuple(sizes)

    def conv(self, x, depth, kernel, stride=1, padding="SAME", norm=True, activation="relu", groups=1):
        around, sizes = self._map(x, kernel, stride, padding)
        linear = nn.Conv2d(self.channels(x), depth, kernel, stride, around, groups=groups, bias=not norm)
        nn.init.kaiming_normal_(linear.weight)
        layer = Layer(linear, self._normalizer(depth) if norm else None, activation)
        return self._add(layer, [x], (self.shapes[x][0], *sizes, depth))

    def depthwise(self, x, stride):
        return self.conv(x, self.channels(x), (3, 3), stride, activation="relu6", groups=self.channels(x))

    def dense(self, x, depth, activation=None):
        linear = nn.Linear(self.channels(x), depth)
        nn.init.kaiming_normal_(linear.weight)
        nn.init.zeros_(linear.bias)
        return self._add(Layer(linear, None, activation), [x], (self.shapes[x][0], depth))

    def max_pool(self, x, size, stride, padding):
        around, sizes = self._map(x, (size, size), stride, padding)
        return self._add(nn.MaxPool2d(size, stride, around), [x], (self.shapes[x][0], *sizes, self.channels(x)))

    def avg_pool(self, x, size, stride, padding):
        around, sizes = self._map(x, (size, size), stride, padding)
        pool = nn.AvgPool2d(size, stride, around, count_include_pad=False)
        return self._add(pool, [x], (self.shapes[x][0], *sizes, self.channels(x)))

    def dropout(self, x, keep):
        return self._add(nn.Dropout(1 - keep), [x], self.shapes[x])

    def subsample(self, x, stride):
        sizes = [-(-size // stride) for size in self.map_size(x)]
        return self._add(Subsample(stride), [x], (self.shapes[x][0], *sizes, self.channels(x)))

    def mean(self, x):
        return self._add(Mean(), [x], (self.shapes[x][0], self.channels(x)))

    def flatten(self, x):
        size = 1
        for extent in self.shapes[x][1:]:
            size *= extent
        return self._add(nn.Flatten(), [x], (self.shapes[x][0], size))

    def concat(self, parts):
        depth = sum(self.channels(part) for part in parts)
        return self._add(Concat(), parts, (*self.shapes[parts[0]][:-1], depth))

    def add(self, x, y):
        return self._add(torch.add, [x, y], self.shapes[x])

    def relu(self, x):
        return self._add(F.relu, [x], self.shapes[x])

    def map_size(self, x):
        return self.shapes[x][1:3]

    def channels(self, x):
        return self.shapes[x][-1]


class Subsample(nn.Module):
    def __init__(self, stride):
        super().__init__()
        self.stride = stride

    def forward(self, x):
        return x[:, :, :: self.stride, :: self.stride]


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


class Concat(nn.Module):
    def forward(self, *parts):
        return torch.cat(parts, 1)
