# What goes in stands above what comes out
# m = 5
X: 3 x m
Y: 2 x m
W1: 4 x 3
W2: 2 x 7
H = tanh(W1 @ X)
S = vstack(H, X)
loss = mse(W2 @ S, Y)
