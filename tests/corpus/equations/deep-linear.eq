# Four matrices and nothing between them
# m = 5
X: 3 x m
Y: 2 x m
W1: 4 x 3
W2: 6 x 4
W3: 5 x 6
W4: 2 x 5
A = W4 @ W3 @ W2 @ W1 @ X
loss = mse(A, Y)
