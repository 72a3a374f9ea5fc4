# Examples as rows, a bias that is a row, a mean over the rows
# m = 5
X: m x 3
Y: m x 2
W: 3 x 4
b: 1 x 4
V: 4 x 2
H = tanh(X @ W + b)
loss = sum((H @ V - Y)**2) / (2 * m)
