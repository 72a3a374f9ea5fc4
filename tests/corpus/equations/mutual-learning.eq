# Two classifiers that learn from each other: cross-entropy of two networks
# m = 5; Y one-hot
X: 3 x m
Y: 4 x m
W, V: 4 x 3
P = softmax(W @ X)
Q = softmax(V @ tanh(X))
loss = cross_entropy(P, Y) + cross_entropy(Q, Y) + 0.5 * cross_entropy(P, Q)
