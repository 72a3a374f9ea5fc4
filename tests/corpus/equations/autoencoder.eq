# Linear decoder, squared error against the input
# m = 5
X: 5 x m
W: 3 x 5
b: 3 x 1
D: 5 x 3
d: 5 x 1
Code = tanh(W @ X + b)
x_hat = D @ Code + d
loss = mse(x_hat, X)
