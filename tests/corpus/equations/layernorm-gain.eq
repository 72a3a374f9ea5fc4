# Layer normalisation before a classifier
# m = 5; Y one-hot
X: 4 x m
Y: 3 x m
g, s: 4 x 1
W: 3 x 4
N = layernorm(X + tanh(g * X))
U = g * N + s
P = softmax(W @ U)
loss = cross_entropy(P, Y)
