"""A network of every kind of layer, and the keys its parameters have: both are what people's files and scripts name."""

from symbp.networks.attention import Attention, CrossAttention
from symbp.networks.concat import Concat, DenseBlock
from symbp.networks.convolution import Conv1d, Conv2d
from symbp.networks.embedding import Embedding
from symbp.networks.examples import EXAMPLES
from symbp.networks.images import Image
from symbp.networks.layers import Activation, Dense, Linear, Scoped
from symbp.networks.network import Network
from symbp.networks.normalisation import BatchNorm, BatchNorm2d, LayerNorm, RMSNorm
from symbp.networks.pooling import AvgPool2d, MaxPool1d, MaxPool2d
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.networks.regularisation import Dropout
from symbp.networks.residual import Residual
from symbp.networks.transformer import DecoderBlock, Encoder, Positions, TransformerBlock

CLASSIFIER = Dense(2, "softmax")

NETWORKS = {
    "plain": lambda: Network.mlp(3, 4, "tanh", loss="mse"),
    "penalty": lambda: Network([Dense(3, "tanh"), CLASSIFIER], 3, "cross_entropy", l2="0.1"),
    "tied": lambda: Network([Dense(3, "tanh"), Linear(4, tied_to="W1", transposed=True)], 4, "mse"),
    "scoped": lambda: Network([Scoped("enc", Dense(3, "tanh")), Dropout(), Linear(2)], 4, "mse"),
    "norms": lambda: Network(
        [Linear(3), BatchNorm(), Activation("tanh"), LayerNorm(), RMSNorm(), CLASSIFIER], 3, "cross_entropy"
    ),
    "residual": lambda: Network([Linear(4), Residual([Dense(5, "tanh"), Linear(4)]), CLASSIFIER], 3, "cross_entropy"),
    "pre-activation": lambda: Network(
        [Linear(4), Residual([BatchNorm(), Activation("relu"), Linear(4)]), CLASSIFIER], 3, "cross_entropy"
    ),
    "projection": lambda: Network([Residual([Dense(4, "relu")], projection=Linear(4)), CLASSIFIER], 3, "cross_entropy"),
    "nested": lambda: Network(
        [Residual([Residual([Dense(3, "tanh"), Linear(3)]), LayerNorm()]), CLASSIFIER], 3, "cross_entropy"
    ),
    "dense block": lambda: Network(
        [DenseBlock([[Dense(2, "relu")], [Dense(2, "relu")]]), Concat([Linear(1)]), CLASSIFIER], 3, "cross_entropy"
    ),
    "images": lambda: Network(
        [
            Conv2d(2, 2, activation="relu"),
            BatchNorm2d(),
            MaxPool2d(2),
            Conv2d(2, 1, bias=False),
            AvgPool2d(1),
            CLASSIFIER,
        ],
        Image(1, 5, 5),
        "cross_entropy",
    ),
    "signals": lambda: Network(
        [Conv1d(2, 2, activation="tanh"), MaxPool1d(2), CLASSIFIER], Image(1, 1, 5), "cross_entropy"
    ),
    "attention": lambda: Network(
        [Positions(tokens=3), Attention(tokens=3, heads=2, bias=True, kv_heads=1, relative=True), CLASSIFIER],
        4,
        "cross_entropy",
    ),
    "one head": lambda: Network(
        [Attention(tokens=3, rotary=True, padding=True), Attention(tokens=3), CLASSIFIER], 4, "cross_entropy"
    ),
    "transformer": lambda: Network(
        [TransformerBlock(tokens=3, heads=2, hidden=5)] * 2 + [LayerNorm(), CLASSIFIER], 4, "cross_entropy"
    ),
    "one-head transformer": lambda: Network([TransformerBlock(tokens=3, hidden=5), CLASSIFIER], 4, "cross_entropy"),
    "post-norm": lambda: Network(
        [TransformerBlock(tokens=3, heads=2, post_norm=True)] * 2 + [CLASSIFIER], 4, "cross_entropy"
    ),
    "decoder": lambda: Network(
        [Encoder(layers=[TransformerBlock(tokens=2)], tokens=2, inputs=3), DecoderBlock(tokens=3), CLASSIFIER],
        4,
        "cross_entropy",
    ),
    "cross": lambda: Network([CrossAttention(tokens=3, memory=2, width=3, heads=2), CLASSIFIER], 4, "cross_entropy"),
    "rnn": lambda: Network([RNN(3, 2), CLASSIFIER], 3, "cross_entropy"),
    "lstm": lambda: Network(
        [Embedding(5, 3), LSTM(3, 2, sequence=True), LSTM(2, 2, initial=True), CLASSIFIER], 5, "cross_entropy"
    ),
    "gru": lambda: Network([GRU(3, 2, initial=True), CLASSIFIER], 3, "cross_entropy"),
    "embedding": lambda: Network([Embedding(5, 3), Linear(2)], 5, "mse"),
}

NETWORKS |= {name: lambda name=name: Network.load(name) for name in EXAMPLES}

KEYS = {
    "plain": "W1 b1 W2 b2 W3 b3",
    "penalty": "W1 b1 W2 b2",
    "tied": "W1 b1 b2",
    "scoped": "enc.W enc.b W2 b2",
    "norms": "W1 b1 gamma1 beta1 gamma1_2 beta1_2 gamma1_3 W2 b2",
    "residual": "W1 b1 W2 b2 W3 b3 W4 b4",
    "pre-activation": "W1 b1 gamma1 beta1 W2 b2 W3 b3",
    "projection": "W1 b1 W2 b2 W3 b3",
    "nested": "W1 b1 W2 b2 gamma2 beta2 W3 b3",
    "dense block": "W1 b1 W2 b2 W3 b3 W4 b4",
    "images": "W1 b1 gamma1 beta1 W2 W3 b3",
    "signals": "W1 b1 W2 b2",
    "attention": (
        "positions.P attention.WQ attention.bQ attention.WK attention.bK attention.WV attention.bV "
        "attention.head1.r attention.head2.r attention.WO attention.bO W2 b2"
    ),
    "one head": (
        "attention.WQ attention.WK attention.WV attention.WO attention2.WQ attention2.WK attention2.WV "
        "attention2.WO W3 b3"
    ),
    "transformer": (
        "block1.norm1.gamma block1.norm1.beta block1.attention.WQ block1.attention.WK block1.attention.WV "
        "block1.attention.WO block1.norm2.gamma block1.norm2.beta block1.hidden.W block1.hidden.b "
        "block1.output.W block1.output.b block2.norm1.gamma block2.norm1.beta block2.attention.WQ "
        "block2.attention.WK block2.attention.WV block2.attention.WO block2.norm2.gamma block2.norm2.beta "
        "block2.hidden.W block2.hidden.b block2.output.W block2.output.b gamma6 beta6 W7 b7"
    ),
    "one-head transformer": (
        "block1.norm1.gamma block1.norm1.beta block1.attention.WQ block1.attention.WK block1.attention.WV "
        "block1.attention.WO block1.norm2.gamma block1.norm2.beta block1.hidden.W block1.hidden.b "
        "block1.output.W block1.output.b W4 b4"
    ),
    "post-norm": (
        "block1.attention.WQ block1.attention.WK block1.attention.WV block1.attention.WO block1.norm1.gamma "
        "block1.norm1.beta block1.hidden.W block1.hidden.b block1.output.W block1.output.b block1.norm2.gamma "
        "block1.norm2.beta block2.attention.WQ block2.attention.WK block2.attention.WV block2.attention.WO "
        "block2.norm1.gamma block2.norm1.beta block2.hidden.W block2.hidden.b block2.output.W block2.output.b "
        "block2.norm2.gamma block2.norm2.beta W7 b7"
    ),
    "decoder": (
        "encoder.block1.norm1.gamma encoder.block1.norm1.beta encoder.block1.attention.WQ "
        "encoder.block1.attention.WK encoder.block1.attention.WV encoder.block1.attention.WO "
        "encoder.block1.norm2.gamma encoder.block1.norm2.beta encoder.block1.hidden.W encoder.block1.hidden.b "
        "encoder.block1.output.W encoder.block1.output.b block1.norm1.gamma block1.norm1.beta "
        "block1.attention.WQ block1.attention.WK block1.attention.WV block1.attention.WO block1.norm2.gamma "
        "block1.norm2.beta block1.cross.WQ block1.cross.WK block1.cross.WV block1.cross.WO block1.norm3.gamma "
        "block1.norm3.beta block1.hidden.W block1.hidden.b block1.output.W block1.output.b W8 b8"
    ),
    "cross": "cross.WQ cross.WK cross.WV cross.WO W2 b2",
    "rnn": "rnn1.W rnn1.U rnn1.b W2 b2",
    "lstm": (
        "E1 lstm2.Wi lstm2.Ui lstm2.bi lstm2.Wf lstm2.Uf lstm2.bf lstm2.Wg lstm2.Ug lstm2.bg lstm2.Wo "
        "lstm2.Uo lstm2.bo lstm3.Wi lstm3.Ui lstm3.bi lstm3.Wf lstm3.Uf lstm3.bf lstm3.Wg lstm3.Ug lstm3.bg "
        "lstm3.Wo lstm3.Uo lstm3.bo W4 b4"
    ),
    "gru": "gru1.Wr gru1.Ur gru1.br gru1.Wz gru1.Uz gru1.bz gru1.Wn gru1.Un gru1.bn gru1.bhn W2 b2",
    "embedding": "E1 W2 b2",
    "batchnorm-mlp": "W1 gamma1 beta1 W2 b2",
    "blackboard": "W1 b1 W2 b2 W3 b3",
    "lstm-classifier": (
        "lstm1.Wi lstm1.Ui lstm1.bi lstm1.Wf lstm1.Uf lstm1.bf lstm1.Wg lstm1.Ug lstm1.bg lstm1.Wo lstm1.Uo "
        "lstm1.bo W2 b2"
    ),
    "residual-mlp": "W1 b1 W2 b2 W3 b3 W4 b4 W5 b5 W6 b6",
    "sigmoid-mlp": "W1 b1 W2 b2 W3 b3",
    "small-cnn": "W1 b1 W2 b2",
    "softmax-classifier": "W1 b1 W2 b2",
    "transformer-block": (
        "block1.norm1.gamma block1.norm1.beta block1.attention.WQ block1.attention.WK block1.attention.WV "
        "block1.attention.WO block1.norm2.gamma block1.norm2.beta block1.hidden.W block1.hidden.b "
        "block1.output.W block1.output.b W4 b4"
    ),
    "two-two-two": "W1 b1 W2 b2",
}
"""The keys of each, as they have been since the first layers of their kind."""
