# The cross-entropy of two networks alone
# m = 4
X: 3 x m
W, V: 4 x 3
P = softmax(W @ X)
Q = softmax(V @ X)
loss = cross_entropy(P, Q)
