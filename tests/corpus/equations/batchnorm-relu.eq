# Batch normalisation with scale and shift
# m = 5
X: 3 x m
Y: 2 x m
W1: 4 x 3
g, c: 4 x 1
W2: 2 x 4
N = batchnorm(W1 @ X)
A = relu(g * N + c)
loss = mse(W2 @ A, Y)
