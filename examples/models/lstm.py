"""A classifier of sentences: an embedding, an LSTM (Hochreiter and Schmidhuber 1997), its last state classified."""

import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self, words=9, width=3, units=4, classes=2):
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, units, batch_first=True)
        self.fc = nn.Linear(units, classes)

    def forward(self, tokens):
        _, (state, _) = self.lstm(self.embedding(tokens))
        return self.fc(state[-1])


def make():
    """Return the model, a batch of sentences with their classes, and the loss."""
    torch.manual_seed(0)
    return Classifier(), torch.randint(0, 9, (5, 6)), torch.randint(0, 2, (5,)), "cross_entropy"
