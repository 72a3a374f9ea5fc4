# Powers and functions entry by entry
# m = 5
X: 3 x m
Y: 2 x m
W1: 4 x 3
W2: 2 x 4
H = sin(W1 @ X)
P = H**3 - 2 * H**2 + exp(-H)
loss = mse(W2 @ P, Y)
