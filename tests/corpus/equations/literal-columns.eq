# Six columns, and no m
W: 4 x 3
V: 2 x 4
X: 3 x 6 input
Y: 2 x 6
H = tanh(W @ X)
loss = mse(V @ H, Y)
