# A loss times a number, the sum over the outputs of squares
# m = 5
W: 4 x 3
b: 4 x 1
X: 3 x m
Y: 4 x m
A = W @ X + b
loss = 2 * mse(A, Y)
