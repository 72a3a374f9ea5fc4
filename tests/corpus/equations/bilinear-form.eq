# One example: a matrix between two columns
# Y binary
X: 3 x 1 input
V: 4 x 1 input
Y: 1 x 1
M: 3 x 4
s = X.T @ M @ V
loss = bce(sigmoid(s), Y)
