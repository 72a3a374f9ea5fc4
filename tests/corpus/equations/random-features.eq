# Random features: a frozen weight
# m = 5
X: 3 x m
Y: 2 x m
W0: 4 x 3 frozen
W: 2 x 4
loss = mse(W @ tanh(W0 @ X), Y)
