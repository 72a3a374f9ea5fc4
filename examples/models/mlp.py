"""Two hidden layers for handwritten digits: the first network of most courses."""

import torch
from torch import nn


def make():
    """Return the model, a batch of images with their digits, and the loss."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 10))
    images, digits = torch.rand(6, 8, 8), torch.randint(0, 10, (6,))
    return model, images, digits, "cross_entropy"
