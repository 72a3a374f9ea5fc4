# exp(-s) times a squared error, s a number
# m = 5
X: 3 x m
Y: 2 x m
W: 2 x 3
s: 1 x 1
A = W @ X
loss = exp(-s) * mse(A, Y) + 0.5 * s
