# One weight for the encoder and, transposed, for the decoder
# m = 5
X: 5 x m
W: 3 x 5
b: 3 x 1
c: 5 x 1
H = sigmoid(W @ X + b)
x_hat = W.T @ H + c
loss = mse(x_hat, X)
