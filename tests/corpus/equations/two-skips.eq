# Two residual blocks and one skip over both
# m = 3
X: 3 x m
Y: 2 x m
W1, W2: 3 x 3
V: 2 x 3
S1 = X + tanh(W1 @ X)
S2 = S1 + tanh(W2 @ S1)
S3 = S2 + X
loss = mse(V @ S3, Y)
