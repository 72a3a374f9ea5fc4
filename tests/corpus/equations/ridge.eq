# A penalty on one weight and not on the other
# m = 5
lam = 0.1
X: 3 x m
Y: 2 x m
W_hidden: 4 x 3
W_out: 2 x 4
H = tanh(W_hidden @ X)
Out = W_out @ H
loss = mse(Out, Y) + 0.5 * lam * sum(W_hidden**2)
