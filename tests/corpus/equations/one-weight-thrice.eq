# A weight used three times, as in an unrolled recurrence without inputs
# m = 4
X: 3 x m
Y: 3 x m
W: 3 x 3
b: 3 x 1
h1 = tanh(W @ X + b)
h2 = tanh(W @ h1 + b)
h3 = tanh(W @ h2 + b)
loss = mse(h3, Y)
