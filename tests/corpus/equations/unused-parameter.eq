# A parameter that does not reach the loss
# m = 5
X: 3 x m
Y: 2 x m
W: 4 x 3
U: 5 x 3
V: 2 x 4
H = tanh(W @ X)
Side = U @ X
loss = mse(V @ H, Y)
