# A value that learns from its own next value, held
# m = 5
X: 3 x m
Z: 3 x m input
R: 1 x m target
W: 4 x 3
w: 1 x 4
V = w @ tanh(W @ X)
T = stop(R + 0.9 * (w @ tanh(W @ Z)))
loss = mse(V, T)
