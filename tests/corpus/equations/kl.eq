# A divergence by name
X: 3 x m
W, V: 4 x 3
P = softmax(W @ X)
Q = softmax(V @ X)
loss = kl(P, Q)
