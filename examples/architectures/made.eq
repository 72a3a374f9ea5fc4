# A masked autoencoder for densities: the masks let no bit see itself
# Germain, Gregor, Murray and Larochelle (2015), MADE
X: 4 x m
M_W: 6 x 4 constant
M_V: 4 x 6 constant
W: 6 x 4
V: 4 x 6
b: 6 x 1
c: 4 x 1
H = relu((M_W * W) @ X + b)
P = sigmoid((M_V * V) @ H + c)
loss = bce(P, X)
