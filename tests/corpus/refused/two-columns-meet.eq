# A second batch size beside m
X: 3 x m
V: 3 x p input
Y: 2 x m
W: 2 x 3
loss = mse(W @ X, Y) + mse(W @ V, Y)
