"""timm's own nets, eager, with channels last."""

import timm
from torch import nn

from peers import torch_nets
from peers.architectures import NETS


class Peer(torch_nets.Peer):
    def __init__(self, config):
        super().__init__(config)
        self.versions["timm"] = timm.__version__

    def network(self, config, shape):
        return Network(config["net"])


class Network(nn.Module):
    def __init__(self, name):
        super().__init__()
        called, options = NETS[name].timm
        self.net = timm.create_model(called, num_classes=NETS[name].classes, **options)

    def forward(self, images):
        return self.net(images), None
