# Two layers for regression, the output a pre-activation
# m = 5
X: 3 x m
Y: 2 x m
W1: 4 x 3
W2: 2 x 4
Z1 = W1 @ X
A1 = tanh(Z1)
Z2 = W2 @ A1
loss = mse(Z2, Y)
